// What a request rejected with.

import { Refusal } from "../connection/api";
import { explanationOf } from "../text/error-words";
import type { Sentence } from "../text/words/words";

/** Whether the store does not have what was asked for. */
export function isGone(fault: unknown): boolean {
  return fault instanceof Refusal && fault.problem.code === "not_found";
}

/** Why the server did not do it, as a sentence. */
export function reasonOf(fault: unknown): Sentence {
  return fault instanceof Refusal ? explanationOf(fault.problem).sentence : { say: "unreachable" };
}
