// The errors of the protocol in the words of the page. The server's own sentences are for whoever writes a client.

import type { ErrorFrame } from "../protocol/frames";
import { type SettingName, settingOf } from "../protocol/setting-names";

interface Words {
  /** What happened. */
  sentence: string;
  /** What to do next; empty where the sentence says it. */
  advice: string;
}

const NOT_UNDERSTOOD: Words = {
  sentence: "This page and the server do not understand each other.",
  advice: "Reload the page.",
};
const ASK_AGAIN = "Ask again.";
const FILES: Words = {
  sentence: "Not all of these files can be asked with this question.",
  advice: "Remove some, or add them again.",
};
const CUT_BY_A_STOP: Words = {
  sentence: "The server stopped before this answer had ended.",
  advice: "Asking again counts as one more question.",
};

const WORDS: Readonly<Record<string, Words>> = {
  invalid_json: NOT_UNDERSTOOD,
  invalid_frame: NOT_UNDERSTOOD,
  duplicate_turn: NOT_UNDERSTOOD,
  unsupported: NOT_UNDERSTOOD,
  unknown_turn: { sentence: "This answer has ended already.", advice: "" },
  unknown_model: { sentence: "This model is not offered here.", advice: "Choose another one, then ask again." },
  message_too_large: {
    sentence: "This is too long.",
    advice: "Shorten it, send it in parts, or begin a new chat.",
  },
  not_found: {
    sentence: "This chat is not there any more: it was deleted elsewhere.",
    advice: "What you send next begins a new one.",
  },
  gone: {
    sentence: "The rest of this answer is lost: the server no longer has it.",
    advice: "Ask again for all of it, which costs again.",
  },
  unauthenticated: {
    sentence: "The server asks for a token first.",
    advice: "Enter a fresh token, then ask again.",
  },
  forbidden: {
    sentence: "The server does not answer to pages of this address.",
    advice: "Open the page under the name that its server is known by.",
  },
  too_many_turns: {
    sentence: "As many answers as there may be are being written.",
    advice: "Wait until another answer has ended, or stop one; then ask again.",
  },
  overloaded: { sentence: "The server is full.", advice: "Ask again in a moment." },
  history_dropped: {
    sentence: "The server no longer knows what was said here before.",
    advice: "Say it again where it matters.",
  },
  storage_full: {
    sentence: "There is no room for more.",
    advice: "Begin a new chat, or delete chats that you no longer need.",
  },
  rate_limited: { sentence: "Too many questions came from here.", advice: "Ask again in a moment." },
  budget_exhausted: {
    sentence: "What you may use in a day is used up.",
    advice: "There is more at midnight, UTC.",
  },
  draining: { sentence: "The server was shutting down.", advice: "Ask again: the next one answers." },
  store_unavailable: { sentence: "The chats cannot be reached at the moment.", advice: ASK_AGAIN },
  invalid_file: FILES,
  blocked: { sentence: "The model’s provider refused this question.", advice: "Put it another way." },
  upstream_rate_limited: {
    sentence: "The model’s provider takes no more questions at the moment.",
    advice: "Ask again later.",
  },
  upstream_unavailable: { sentence: "The model cannot be reached, or it failed.", advice: ASK_AGAIN },
  upstream_timeout: { sentence: "The model took too long.", advice: ASK_AGAIN },
  upstream_rejected: {
    sentence: "The model’s provider did not take this question.",
    advice: "Try another model or other settings.",
  },
  upstream_truncated: {
    sentence: "The answer broke off before its end.",
    advice: "Ask again for all of it, which costs again.",
  },
  tool_timeout: { sentence: "A function that the model called was not answered in time.", advice: ASK_AGAIN },
  too_many_rounds: {
    sentence: "The model called functions again and again.",
    advice: "Say in the question when it is enough.",
  },
  internal: { sentence: "Something went wrong in the server.", advice: ASK_AGAIN },
};

const SETTINGS: Readonly<Record<SettingName, string>> = {
  model: "This model is not offered here.",
  system: "The instruction is too long.",
  temperature: "The temperature is a number from 0 to 2.",
  top_p: "Top-p is a number from 0 to 1.",
  max_output_tokens: "The longest answer is a whole number of tokens, and at least 1.",
  stop: "There may be up to five stop texts, one in a line.",
  thinking: "This thinking is not offered for this model.",
  tools: "The model cannot use what is switched on below the message.",
};

const TOOLS_ADVICE = "Switch it off, or choose another model.";

export function knowsCode(code: string): boolean {
  return code in WORDS;
}

/** What the page says of an error; of a code of a later version, what the server says. */
export function wordsOf(error: ErrorFrame): Words {
  const { sentence = error.message, advice = null } = WORDS[error.code] ?? {};
  if (error.code === "draining" && !error.retryable) return CUT_BY_A_STOP;
  if (/^files\b/.test(error.field ?? "")) return FILES;
  if (settingOf(error.field) === "tools") return { sentence: SETTINGS.tools, advice: TOOLS_ADVICE };
  const otherwise = error.retryable ? ASK_AGAIN : "Change the question and send it again.";
  return { sentence: exact(error) ?? sentence, advice: advice ?? otherwise };
}

/** The words for a code alone. */
export function wordsFor(code: string): Words | null {
  return WORDS[code] ?? null;
}

/** A sentence with the amounts that only the server knows, if there are any in its own. */
function exact({ code, field, message }: ErrorFrame): string | null {
  const setting = settingOf(field);
  const most = message.match(/at most ([\d,]+) characters/)?.[1];
  if (code === "message_too_large" && most !== undefined) {
    return `${setting === "system" ? "The instruction" : "The message"} may hold at most ${most} characters.`;
  }
  if (code === "invalid_frame" && setting !== null) return SETTINGS[setting];
  if (code === "budget_exhausted") return dayUsedUp(message);
  return code === "rate_limited" ? rateOf(message) : null;
}

function dayUsedUp(message: string): string | null {
  const [, budget, model = ""] = message.match(/^Your (.+?) a day( with \S+)? are used up/) ?? [];
  return budget === undefined ? null : `Your ${budget} a day${model} are used up.`;
}

function rateOf(message: string): string | null {
  const [, amount, , per, model = ""] =
    message.match(/([\d,]+) (turns?) (at once|a minute)( with \S+?)?[.:](?:\s|$)/) ?? [];
  if (amount === undefined) return null;
  const what = per === "at once" ? "answer" : "question";
  const verb = per === "at once" ? "have" : "ask";
  return `You may ${verb} ${amount} ${amount === "1" ? what : `${what}s`} ${per}${model}.`;
}
