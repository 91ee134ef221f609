import { useId } from "react";
import { useWords } from "../../hooks/use-chat";
import { useSecondsUntil } from "../../hooks/use-seconds-until";
import { useUsage } from "../../hooks/use-usage";
import type { Standing } from "../../protocol/frames";
import { leftOf, nameOf, usedIn } from "../../text/allowance";

/** What the reader used today, and what is left of each limit. */
export function Allowance() {
  const usage = useUsage();
  const words = useWords();
  const title = useId();
  if (usage === null) return null;
  const [today] = usage.report.days;
  return (
    <section aria-labelledby={title} className="flex flex-col gap-3 text-sm">
      <h2 id={title} className="font-semibold text-base">
        {words.today}
      </h2>
      {today && <p className="text-muted-foreground tabular-nums">{usedIn(words, today).join(" · ")}</p>}
      {usage.report.limits.map((standing) => (
        <Limit key={`${standing.limit} ${standing.model}`} standing={standing} at={usage.at} />
      ))}
    </section>
  );
}

function Limit({ standing, at }: { standing: Standing; at: number }) {
  const id = useId();
  const words = useWords();
  const isWhole = standing.left >= standing.allowed;
  const seconds = useSecondsUntil(standing.resets_in === null || isWhole ? 0 : at + standing.resets_in * 1000);
  return (
    <div className="flex flex-col gap-1">
      <p className="flex flex-wrap justify-between gap-x-3 tabular-nums">
        <label htmlFor={id}>{nameOf(words, standing)}</label>
        <span className="text-muted-foreground">{leftOf(words, standing, seconds)}</span>
      </p>
      <meter id={id} className="w-full" min={0} max={standing.allowed} value={standing.left} />
    </div>
  );
}
