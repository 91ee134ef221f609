import { Icon } from "../ui/icon";
import { LATE_ICONS } from "../ui/late-icons";

/** The model's own summary of its thoughts, folded away. */
export function Thoughts({ text, growing }: { text: string; growing: boolean }) {
  return (
    <details className="group/thoughts text-muted-foreground text-sm">
      <summary className="inline-flex cursor-pointer list-none items-center gap-1.5 rounded-md py-1 pr-2 hover:text-foreground">
        <Icon path={LATE_ICONS.thought} />
        {growing ? "Thinking…" : "Thoughts"}
        <Icon
          path={LATE_ICONS.chevron_right}
          className="size-3.5 motion-safe:transition-transform group-open/thoughts:rotate-90"
        />
      </summary>
      <div dir="auto" className="mt-1 whitespace-pre-wrap wrap-anywhere border-border border-s-2 ps-4">
        {text}
      </div>
    </details>
  );
}
