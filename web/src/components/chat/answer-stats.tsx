import type { Answer } from "../../state/conversation";
import { endOf, statsOf } from "../../text/answer-stats";

/** Why an answer ended, if that is worth saying, and its tokens, cost and speed. */
export function AnswerStats({ answer }: { answer: Answer }) {
  const end = endOf(answer);
  const stats = answer.spent === null ? [] : statsOf(answer.spent);
  return (
    <ul aria-label="About this answer" className="flex flex-wrap gap-x-3 leading-5">
      {end !== null && <li className="font-semibold text-foreground">{end}</li>}
      {stats.map((stat) => (
        <li key={stat} className="whitespace-nowrap tabular-nums">
          {stat}
        </li>
      ))}
    </ul>
  );
}
