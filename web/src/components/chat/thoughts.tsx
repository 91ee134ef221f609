import { useWords } from "../../hooks/use-chat";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

/** The model's own summary of its thoughts, folded away. */
export function Thoughts({ text, growing }: { text: string; growing: boolean }) {
  const words = useWords();
  return (
    <details className="group/thoughts text-muted-foreground text-sm">
      <summary className="inline-flex cursor-pointer list-none items-center gap-1.5 rounded-md py-1 pe-2 hover:text-foreground">
        <Icon path={ICONS.thought} />
        {growing ? words.thinking_now : words.thoughts_past}
        <Icon
          path={ICONS.chevron_right}
          className="size-3.5 motion-safe:transition-transform rtl:-scale-x-100 group-open/thoughts:rotate-90 rtl:group-open/thoughts:-rotate-90"
        />
      </summary>
      <div dir="auto" className="mt-1 whitespace-pre-wrap wrap-anywhere border-border border-s-2 ps-4">
        {text}
      </div>
    </details>
  );
}
