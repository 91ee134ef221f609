// What went wrong, as a sentence, and what the reader can do about it.

import type { CloseReason } from "../protocol/close-codes";
import type { ErrorFrame } from "../protocol/frames";
import { type SettingName, settingOf } from "../protocol/setting-names";
import { whyClosed } from "./connection-words";
import { explanationOf, sentenceFor } from "./error-words";
import type { Sentence } from "./words/words";

export interface Problem {
  /** What happened. */
  sentence: Sentence;
  /** More of that, and what to do next; empty where the sentence says it. */
  advice: readonly Sentence[];
  /** Whether the same question may be asked again, and not before when (milliseconds since the epoch). */
  retry: { notBefore: number; first: Remedy | null } | null;
  /** The setting whose value was refused, if that is what went wrong. */
  setting: SettingName | null;
}

/** What has to be done before asking again: find another server, or bring a token. */
export type Remedy = "reconnect" | "sign_in";

const FOR_ALL: Sentence = { say: "advice_again_all" };
const NOTHING_CAME: Sentence = { say: "advice_nothing_came" };
const AT_ANY_TIME = { notBefore: 0, first: null };

/** Not retryable as it is, but another choice may help. */
const WORTH_ASKING_AGAIN: ReadonlySet<string> = new Set(["upstream_rejected", "gone"]);
/** Said before the server keeps a question. */
const REFUSALS: ReadonlySet<string> = new Set([
  "invalid_json",
  "invalid_frame",
  "unknown_model",
  "not_found",
  "invalid_file",
  "unsupported",
  "unauthenticated",
  "forbidden",
  "too_many_turns",
  "overloaded",
  "rate_limited",
  "budget_exhausted",
  "draining",
  "store_unavailable",
]);

/** Whether an error refuses a question, so that nothing of it is kept by the server. */
export function isRefusal({ code, field, usage }: ErrorFrame): boolean {
  return usage === null && (REFUSALS.has(code) || (code === "message_too_large" && field !== null));
}

/** The problem of a turn that ended in an error which came at `now`. */
export function problemOf(error: ErrorFrame, now: number): Problem {
  const remedy = remedyFor(error);
  const setting = settingOf(error.field);
  const retryable = error.retryable || remedy !== null || setting !== null || WORTH_ASKING_AGAIN.has(error.code);
  const { sentence, advice } = explanationOf(error);
  return {
    sentence,
    advice: setting === null || setting === "tools" ? advice : [{ say: "advice_change_setting" }],
    retry: retryable ? { notBefore: now + (error.retry_after ?? 0) * 1000, first: remedy } : null,
    setting: setting === "tools" ? null : setting, // which is beside the message box
  };
}

function remedyFor({ code }: ErrorFrame): Remedy | null {
  if (code === "draining") return "reconnect";
  return code === "unauthenticated" ? "sign_in" : null;
}

/** What is said of a turn for which the server could not be reached. */
export function unreachable(): ErrorFrame {
  const nothing = { id: null, ref: null, field: null, retry_after: null, usage: null };
  return { type: "error", code: "unreachable", message: "", retryable: true, ...nothing };
}

/** The problem of an answer that was kept without its end, for an error of this code. */
export function brokenOff(code: string): Problem {
  const why = code === "upstream_truncated" ? [] : sentenceFor(code);
  return { sentence: { say: "answer_broke_off" }, advice: [...why, FOR_ALL], retry: AT_ANY_TIME, setting: null };
}

/** The problem of a turn whose connection was lost. */
export function lostConnection(arrived: boolean, { code, refuses }: CloseReason): Problem {
  const otherwise: Sentence = refuses ? { say: "advice_shorten_parts" } : NOTHING_CAME;
  return { sentence: whyClosed(code), advice: [arrived ? FOR_ALL : otherwise], retry: AT_ANY_TIME, setting: null };
}

/** The problem of a question that ended in this one before the page was opened again. */
export function unanswered(problem: Problem): Problem {
  if (hasNoAnswer(problem)) return problem;
  const known = problem.advice.filter(({ say }) => say !== FOR_ALL.say && say !== NOTHING_CAME.say); // by the button
  const advice = [problem.sentence, ...known];
  return { ...problem, sentence: { say: "no_answer" }, advice, retry: problem.retry ?? AT_ANY_TIME };
}

/** What the button says that asks a question with this problem once more. */
export function retryLabel(problem: Problem): "ask_again" | "retry" {
  return hasNoAnswer(problem) ? "ask_again" : "retry";
}

/** The problem of a question of which the browser keeps no more than that there was one. */
export const UNKNOWN_PROBLEM: Problem = {
  sentence: { say: "no_answer" },
  advice: [],
  retry: AT_ANY_TIME,
  setting: null,
};

function hasNoAnswer({ sentence }: Problem): boolean {
  return sentence.say === "no_answer";
}

/** The problem of a question that the server does not have, once the page is opened again; `left` by another page. */
export function lostQuestion(left: boolean): Problem {
  const sentence: Sentence = { say: left ? "lost_other_tab" : "lost_not_sent" };
  return { sentence, advice: [], retry: AT_ANY_TIME, setting: null };
}
