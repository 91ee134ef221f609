import type { Answer } from "../state/conversation";
import { endOf, factsOf } from "../text/answer-stats";

/** Why an answer ended, if that is worth saying; what it cost and how fast it came. */
export function Facts({ answer }: { answer: Answer }) {
  const end = endOf(answer);
  const facts = answer.spent === null ? [] : factsOf(answer.spent);
  return (
    <ul aria-label="About this answer" className="flex flex-wrap gap-x-3 leading-5">
      {end !== null && <li className="font-semibold text-foreground">{end}</li>}
      {facts.map((fact) => (
        <li key={fact} className="whitespace-nowrap tabular-nums">
          {fact}
        </li>
      ))}
    </ul>
  );
}
