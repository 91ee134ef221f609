// The context of a turn: what the branch said before it, sent with every question, so that an edited question or
// another answer is asked with what is shown, and not with what the socket happens to remember.

import type { HistoryMessage } from "../frames";
import type { Message } from "./conversation";

/** The server's own default bound, MAX_HISTORY_CHARS; where it takes less, it says so and `narrower` gives way. */
export const HISTORY_CHARS = 400_000;

/** Half of it, for a server that refused that much. */
export function narrower(chars: number): number {
  return Math.floor(chars / 2);
}

/**
 * The exchanges of a branch, oldest first; the newest ones when they hold more than `chars` together. An exchange
 * that delivered nothing is left out, as in the server's own memory.
 */
export function historyOf(branch: readonly Message[], chars: number): HistoryMessage[] {
  const exchanges: HistoryMessage[][] = [];
  branch.forEach((question, index) => {
    const answer = branch[index + 1];
    if (question.role !== "user" || answer?.role !== "model" || answer.text === "") return;
    exchanges.push([
      { role: "user", text: question.text },
      { role: "model", text: answer.text },
    ]);
  });
  const kept: HistoryMessage[][] = [];
  let left = chars;
  for (const exchange of exchanges.reverse()) {
    // UTF-16 units are never fewer than the code points that the server counts.
    left -= exchange.reduce((sum, message) => sum + message.text.length, 0);
    if (left < 0) break;
    kept.push(exchange);
  }
  return kept.reverse().flat();
}
