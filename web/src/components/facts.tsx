import { Fragment } from "react";
import type { Answer } from "../chat/conversation";
import { endOf, factsOf } from "../text/facts";

/** Why an answer ended, if that is worth saying; what it cost and how fast it came. */
export function Facts({ answer }: { answer: Answer }) {
  const end = endOf(answer);
  const facts = answer.spent === null ? [] : factsOf(answer.spent);
  return (
    <p className="leading-5">
      {end !== null && <strong className="font-semibold text-foreground">{end}</strong>}
      {facts.map((fact, index) => (
        <Fragment key={fact}>
          {(index > 0 || end !== null) && <span aria-hidden="true"> · </span>}
          <span className="whitespace-nowrap tabular-nums">{fact}</span>
        </Fragment>
      ))}
    </p>
  );
}
