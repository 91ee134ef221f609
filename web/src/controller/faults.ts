// What a request rejected with.

import { Refusal } from "../connection/api";
import { wordsOf } from "../text/error-words";
import { UNREACHABLE } from "../text/problems";

/** Whether the store does not have what was asked for. */
export function isGone(fault: unknown): boolean {
  return fault instanceof Refusal && fault.problem.code === "not_found";
}

/** Why the server did not do it, as a sentence. */
export function reasonOf(fault: unknown): string {
  return fault instanceof Refusal ? wordsOf(fault.problem).sentence : UNREACHABLE;
}
