// Why there is no connection.

import { CLOSE_CODES } from "../protocol/close-code-table";
import type { CloseCode, WhyNot } from "../protocol/close-codes";
import type { Name, Said } from "./words/words";

/** What the page says of a status; of 504 the same as of 502. */
const STATUSES: Readonly<Record<number, Name>> = {
  200: "handshake_200",
  401: "handshake_401",
  403: "handshake_403",
  404: "handshake_404",
  429: "handshake_429",
  502: "handshake_502",
  503: "handshake_503",
  504: "handshake_502",
};

export function whyNotConnected(why: WhyNot): Said {
  if ("closed" in why) return whyClosed(why.closed);
  if (why.status === null) return { say: "unreachable" };
  const known = STATUSES[why.status];
  return known === undefined ? { say: "error_status", with: { status: String(why.status) } } : { say: known };
}

export function whyClosed(code: CloseCode): Said {
  if (typeof code === "number" && !(code in CLOSE_CODES)) return { say: "close_other", with: { code: String(code) } };
  return { say: `close_${code}` as Name };
}
