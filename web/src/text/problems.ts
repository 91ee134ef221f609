// What went wrong, as a sentence, and what the reader can do about it.

import type { ErrorFrame } from "../frames";

export interface Problem {
  /** What happened. */
  sentence: string;
  /** What to do next. */
  advice: string;
  /** Whether the same question may be asked again, and not before when (milliseconds since the epoch). */
  retry: { notBefore: number; first: Remedy | null } | null;
}

/** What has to be done before asking again: send a shorter history, or find another server. */
export type Remedy = "shorten_history" | "reconnect";

const AGAIN = "Try again.";
const LATER = "Wait a moment, then try again.";
const SHORTER = "Shorten it and send it again.";

/** What to do about an error of the protocol. Its sentence is the server's, so that it is written only once. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_json: "This is a fault of the page: reload it.",
  invalid_frame: "This is a fault of the page: reload it.",
  duplicate_turn: AGAIN,
  unknown_turn: "It has ended already.",
  unknown_model: "Choose another model above, then try again.",
  message_too_large: SHORTER,
  not_found: "Reload the page.",
  unsupported: "Reload the page.",
  forbidden: "Open the page under the name that its server is known by.",
  too_many_turns: "Wait until another answer has ended, or stop one; then try again.",
  overloaded: LATER,
  rate_limited: LATER,
  draining: "Try again: the page then connects to the next server.",
  blocked: "Put the question another way.",
  upstream_rate_limited: LATER,
  upstream_unavailable: LATER,
  upstream_timeout: AGAIN,
  upstream_rejected: "Whoever runs this server has to look at its key or its log.",
  upstream_truncated: "What arrived is above. Try again for a whole answer.",
  internal: AGAIN,
};

/** Not retryable as it is, but another choice or a shorter context may help. */
const WORTH_ASKING_AGAIN: ReadonlySet<string> = new Set(["unknown_model", "upstream_rejected"]);

export function knowsCode(code: string): boolean {
  return code in ADVICE;
}

/** The problem of a turn that ended in an error which came at `now`. */
export function problemOf(error: ErrorFrame, now: number): Problem {
  const remedy = remedyFor(error);
  const retryable = error.retryable || remedy !== null || WORTH_ASKING_AGAIN.has(error.code);
  return {
    sentence: error.message,
    advice:
      remedy === "shorten_history"
        ? "Try again: the page then sends only the newest part of this chat."
        : (ADVICE[error.code] ?? (error.retryable ? AGAIN : "Change the question and send it again.")),
    retry: retryable ? { notBefore: now + (error.retry_after ?? 0) * 1000, first: remedy } : null,
  };
}

function remedyFor({ code, field }: ErrorFrame): Remedy | null {
  if (code === "draining") return "reconnect";
  return code === "message_too_large" && field === "history" ? "shorten_history" : null;
}

/** The problem of a turn whose link broke; `why` is what is known of that. */
export function lostLink(arrived: boolean, why: string): Problem {
  return {
    sentence: `${why} ${arrived ? "What had arrived is kept; the rest of the answer is lost." : "No answer had come."}`,
    advice: AGAIN,
    retry: { notBefore: 0, first: null },
  };
}
