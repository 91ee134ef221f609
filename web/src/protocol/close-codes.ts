// The meaning of a close code of the socket, and when to connect again. The table is the server's.

import { CLOSE_CODES } from "./close-code-table";

export interface CloseReason {
  /** What happened, as a sentence. */
  sentence: string;
  /** What to do about a question that is left without an answer, if that is more than to ask again. */
  advice?: string;
  /**
   * When to connect again: `soon` with the usual back-off, `later` no sooner than some seconds from now, `when_needed`
   * only when there is something to send.
   */
  reconnect: "soon" | "later" | "when_needed";
}

export function closeReasonOf(code: number): CloseReason {
  return CLOSE_CODES[code] ?? { sentence: `The server closed the connection (code ${code}).`, reconnect: "soon" };
}
