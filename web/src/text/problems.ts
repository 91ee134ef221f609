// What went wrong, as a sentence, and what the reader can do about it.

import type { CloseReason } from "../protocol/close-codes";
import type { ErrorFrame } from "../protocol/frames";
import { type SettingName, settingOf } from "../protocol/setting-names";

export interface Problem {
  /** What happened. */
  sentence: string;
  /** What to do next; empty where the sentence says it. */
  advice: string;
  /** Whether the same question may be asked again, and not before when (milliseconds since the epoch). */
  retry: { notBefore: number; first: Remedy | null } | null;
  /** The setting whose value was refused, if that is what went wrong. */
  setting: SettingName | null;
}

/** What has to be done before asking again: find another server, or bring a token. */
export type Remedy = "reconnect" | "sign_in";

/** Said of a server that no request reaches. */
export const UNREACHABLE = "The server cannot be reached.";

const ASK_AGAIN = "Ask again.";
const RELOAD = "This is a fault of the page: reload it.";
/** The server's own sentence says what to do. */
const SAID = "";

/** What to do about an error of the protocol. What happened is the server's sentence, so that it is written only once. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_json: RELOAD,
  invalid_frame: RELOAD,
  duplicate_turn: ASK_AGAIN,
  unknown_turn: "It has ended already.",
  unknown_model: "Choose another one, then ask again.",
  message_too_large: "Shorten it, or send it in parts.",
  not_found: "It may have been deleted. Reload the page to see what there is.",
  unsupported: RELOAD,
  unauthenticated: "Enter a fresh token, then ask again.",
  forbidden: "Open the page under the name that its server is known by.",
  too_many_turns: "Wait until another answer has ended, or stop one; then ask again.",
  overloaded: SAID,
  rate_limited: SAID,
  draining: "What had come is kept; Retry asks the next one.",
  budget_exhausted: SAID,
  store_unavailable: SAID,
  blocked: "Put the question another way.",
  upstream_rate_limited: SAID,
  upstream_unavailable: SAID,
  upstream_timeout: ASK_AGAIN,
  upstream_rejected: SAID,
  upstream_truncated: "What had come is kept; ask again for all of it.",
  internal: ASK_AGAIN,
};

/** Not retryable as it is, but another choice may help. */
const WORTH_ASKING_AGAIN: ReadonlySet<string> = new Set(["upstream_rejected"]);

export function knowsCode(code: string): boolean {
  return code in ADVICE;
}

/** The problem of a turn that ended in an error which came at `now`. */
export function problemOf(error: ErrorFrame, now: number): Problem {
  const remedy = remedyFor(error);
  const setting = settingOf(error.field);
  const retryable = error.retryable || remedy !== null || setting !== null || WORTH_ASKING_AGAIN.has(error.code);
  return {
    sentence: error.message,
    advice: adviceFor(error, setting),
    retry: retryable ? { notBefore: now + (error.retry_after ?? 0) * 1000, first: remedy } : null,
    setting,
  };
}

function adviceFor({ code, retryable }: ErrorFrame, setting: SettingName | null): string {
  if (setting !== null) return "Change it in the settings, then ask again.";
  return ADVICE[code] ?? (retryable ? ASK_AGAIN : "Change the question and send it again.");
}

function remedyFor({ code }: ErrorFrame): Remedy | null {
  if (code === "draining") return "reconnect";
  return code === "unauthenticated" ? "sign_in" : null;
}

/** What is said of a turn for which the server could not be reached. */
export function unreachable(): ErrorFrame {
  const nothing = { id: null, ref: null, field: null, retry_after: null, usage: null };
  return { type: "error", code: "internal", message: UNREACHABLE, retryable: true, ...nothing };
}

/** The problem of an answer that was kept without its end, for an error of this code. */
export function brokenOff(code: string): Problem {
  const again = { notBefore: 0, first: null };
  return { sentence: "This answer broke off.", advice: ADVICE[code] || ASK_AGAIN, retry: again, setting: null };
}

/** The problem of a turn whose connection was lost. */
export function lostConnection(arrived: boolean, { sentence, advice }: CloseReason): Problem {
  return {
    sentence,
    advice: arrived ? "What had come is kept; ask again for all of it." : (advice ?? "No answer had come: ask again."),
    retry: { notBefore: 0, first: null },
    setting: null,
  };
}
