// Made by `make frames` from server/deltawire/protocol/close_codes.py.
import type { CloseReason } from "./close-codes";

export const CLOSE_CODES: Readonly<Record<number, CloseReason>> = {
  1000: { code: 1000, reconnect: "soon" },
  1001: { code: 1001, reconnect: "when_needed" },
  1002: { code: 1002, reconnect: "soon" },
  1003: { code: 1003, reconnect: "soon" },
  1006: { code: 1006, reconnect: "soon" },
  1007: { code: 1007, reconnect: "soon" },
  1008: { code: 1008, reconnect: "later" },
  1009: { code: 1009, refuses: true, reconnect: "soon" },
  1011: { code: 1011, reconnect: "soon" },
  1012: { code: 1012, reconnect: "soon" },
  1013: { code: 1013, reconnect: "later" },
  4008: { code: 4008, reconnect: "soon" },
  4401: { code: 4401, reconnect: "soon" },
};
