// What the page says of the errors of the protocol: by their codes, as the server's sentences are for whoever writes a client.

import type { ErrorFrame } from "../protocol/frames";
import { type SettingName, settingOf } from "../protocol/setting-names";
import type { Name, Sentence } from "./words/words";

/** What happened, and what to do next; null where the sentence says that, or where it depends. */
type Entry = readonly [Name, Name | null];

const AGAIN = "advice_again";
const NOT_UNDERSTOOD: Entry = ["error_not_understood", "advice_reload"];
const FILES: Entry = ["error_files", "advice_files"];
const CUT_BY_A_STOP: Entry = ["error_cut_by_stop", "advice_cut_by_stop"];

/** Errors whose sentence is not named by their code. */
const OTHERS: Readonly<Record<string, Entry>> = {
  invalid_json: NOT_UNDERSTOOD,
  invalid_frame: NOT_UNDERSTOOD,
  duplicate_turn: NOT_UNDERSTOOD,
  unsupported: NOT_UNDERSTOOD,
  invalid_file: FILES,
  unreachable: ["unreachable", AGAIN], // the page's own, for a server that no request reaches
};

/** What to do after the other errors, each of which has a sentence `error_` and its code. */
const ADVICE = {
  unknown_turn: null,
  unknown_model: "advice_model",
  message_too_large: "advice_shorten",
  not_found: "advice_new_chat",
  gone: "advice_again_all",
  unauthenticated: "advice_fresh_token",
  forbidden: "advice_forbidden",
  too_many_turns: "advice_turns",
  overloaded: "advice_moment",
  history_dropped: "advice_history",
  storage_full: "advice_storage",
  rate_limited: "advice_moment",
  budget_exhausted: "advice_day_used",
  draining: "advice_draining",
  store_unavailable: AGAIN,
  blocked: "advice_blocked",
  upstream_rate_limited: "advice_later",
  upstream_unavailable: AGAIN,
  upstream_timeout: AGAIN,
  upstream_rejected: "advice_upstream_rejected",
  upstream_truncated: "advice_again_all",
  tool_timeout: AGAIN,
  too_many_rounds: "advice_rounds",
  internal: AGAIN,
} as const satisfies Readonly<Record<string, Name | null>>;

/** What is wrong with the value of a setting. */
function wrong(setting: SettingName): Name {
  return setting === "model" ? "error_unknown_model" : `setting_${setting}_wrong`;
}

/** An answer of something other than the server, such as a proxy, has no code but its status. */
const NOT_ANSWERED = "not_answered";

export function knowsCode(code: string): boolean {
  return entryOf(code) !== undefined;
}

function entryOf(code: string): Entry | undefined {
  const advice = (ADVICE as Readonly<Record<string, Name | null>>)[code];
  return advice === undefined ? OTHERS[code] : [`error_${code as keyof typeof ADVICE}`, advice];
}

/** What the page says of an error; of a code of a later version, what the server says. */
export function explanationOf(error: ErrorFrame): { sentence: Sentence; advice: Sentence[] } {
  if (error.code === "draining" && !error.retryable) return explanation(CUT_BY_A_STOP);
  if (/^files\b/.test(error.field ?? "")) return explanation(FILES);
  if (settingOf(error.field) === "tools") return explanation([wrong("tools"), "advice_tools"]);
  const [sentence, advice] = entryOf(error.code) ?? [null, error.retryable ? AGAIN : "advice_change_question"];
  const known = sentence === null ? unknown(error) : { say: sentence };
  return { sentence: exact(error) ?? known, advice: advice === null ? [] : [{ say: advice }] };
}

/** The sentence for a code alone. */
export function sentenceFor(code: string): Sentence[] {
  const entry = entryOf(code);
  return entry === undefined ? [] : [{ say: entry[0] }];
}

function explanation([sentence, advice]: Entry): { sentence: Sentence; advice: Sentence[] } {
  return { sentence: { say: sentence }, advice: advice === null ? [] : [{ say: advice }] };
}

function unknown({ code, message }: ErrorFrame): Sentence {
  if (code === NOT_ANSWERED) return { say: "error_status", with: { status: message } };
  return { say: "error_told", with: { message } };
}

/** A sentence with the amounts that only the server knows: they are read out of its own. */
function exact({ code, field, message }: ErrorFrame): Sentence | null {
  const setting = settingOf(field);
  const most = message.match(/at most ([\d,]+) characters/)?.[1];
  if (code === "message_too_large" && most !== undefined) {
    const say = setting === "system" ? "error_too_large_system" : "error_too_large_message";
    return { say, with: { n: amountOf(most) } };
  }
  if (code === "invalid_frame" && setting !== null) return { say: wrong(setting) };
  if (code === "budget_exhausted") return dayUsedUp(message);
  return code === "rate_limited" ? rateOf(message) : null;
}

function dayUsedUp(message: string): Sentence | null {
  const [, dollars, tokens, model] =
    message.match(/^Your (?:\$([\d,.]+)|([\d,]+) tokens) a day(?: with (\S+))? are used up/) ?? [];
  if (dollars === undefined && tokens === undefined) return null;
  const budget: Sentence | string =
    tokens === undefined ? `$${dollars}` : { say: "used_tokens", with: { n: amountOf(tokens) } };
  return model === undefined
    ? { say: "error_budget_of", with: { budget } }
    : { say: "error_budget_of_model", with: { budget, model } };
}

function rateOf(message: string): Sentence | null {
  const [, amount, per, model] = message.match(/([\d,]+) turns? (at once|a minute)(?: with (\S+?))?[.:](?:\s|$)/) ?? [];
  if (amount === undefined) return null;
  const say = per === "at once" ? "error_rate_once" : "error_rate_minute";
  const n = amountOf(amount);
  return model === undefined ? { say, with: { n } } : { say: `${say}_model`, with: { n, model } };
}

function amountOf(digits: string): number {
  return Number(digits.replaceAll(",", ""));
}
