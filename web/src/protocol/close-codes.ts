// The close codes of the socket, and when to connect again. The table is the server's.

import { CLOSE_CODES } from "./close-code-table";

/** Why a connection ended: a close code, or the page's own reason to leave it. */
export type CloseCode = number | "given_up" | "silent";

/** Why no connection is there: how the last one ended, or the status that the server gave instead of one; null for none. */
export type ConnectFailure = { closed: CloseCode } | { status: number | null };

export interface CloseReason {
  code: CloseCode;
  /** The question must be changed before it is asked again. */
  refuses?: true;
  /**
   * When to connect again: `soon` with the usual back-off, `later` no sooner than some seconds from now, `when_needed`
   * only when there is something to send.
   */
  reconnect: "soon" | "later" | "when_needed";
}

export function closeReasonOf(code: number): CloseReason {
  return CLOSE_CODES[code] ?? { code, reconnect: "soon" };
}
