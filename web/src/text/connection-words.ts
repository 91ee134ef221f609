// Why there is no connection.

import { CLOSE_CODES } from "../protocol/close-code-table";
import type { CloseCode, ConnectFailure } from "../protocol/close-codes";
import type { Name, Sentence } from "./words/words";

/** The statuses that have a sentence of their own. */
const STATUSES = [200, 401, 403, 404, 429, 502, 503] as const;

export function whyNotConnected(why: ConnectFailure): Sentence {
  if ("closed" in why) return whyClosed(why.closed);
  if (why.status === null) return { say: "unreachable" };
  const status = why.status === 504 ? 502 : why.status;
  const known = STATUSES.find((one) => one === status);
  return known === undefined
    ? { say: "error_status", with: { status: String(status) } }
    : { say: `handshake_${known}` };
}

export function whyClosed(code: CloseCode): Sentence {
  if (typeof code === "number" && !(code in CLOSE_CODES)) return { say: "close_other", with: { code: String(code) } };
  return { say: `close_${code}` as Name };
}
