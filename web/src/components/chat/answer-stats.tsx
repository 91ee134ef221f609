import { useState } from "react";
import { useWords } from "../../hooks/use-chat";
import type { Answer } from "../../state/conversation";
import { endOf, statsOf } from "../../text/answer-stats";

/** Why an answer ended, if that is worth saying, and its tokens, cost and speed: on a phone one line, until it is touched. */
export function AnswerStats({ answer }: { answer: Answer }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  const end = endOf(words, answer);
  const isFolded = end !== null && !open; // on a phone its end is the one line
  const stats = answer.usage === null ? [] : statsOf(words, answer.usage);
  // What has no room in the one line of a phone is in the next, out of sight: half a figure would be another one.
  return (
    <div className="flex min-w-0 items-center gap-x-3 max-sm:w-full">
      <ul
        aria-label={words.about_answer}
        className={`flex min-w-0 flex-wrap gap-x-3 leading-5 ${open ? "" : "max-sm:h-5 max-sm:flex-1 max-sm:overflow-hidden"}`}
      >
        {end !== null && <li className="font-semibold text-foreground">{end}</li>}
        {stats.map((stat) => (
          <li key={stat} dir="auto" className={`whitespace-nowrap tabular-nums ${isFolded ? "max-sm:hidden" : ""}`}>
            {stat}
          </li>
        ))}
      </ul>
      {stats.length > (end === null ? 1 : 0) && (
        <button type="button" className="text-button sm:hidden" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? words.less : words.more}
        </button>
      )}
    </div>
  );
}
