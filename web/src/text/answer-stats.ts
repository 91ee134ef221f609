// The line under an answer: its tokens, its cost, its speed. What is not known is left out, never shown as 0.

import type { UsageFigures } from "../protocol/frames";
import { dollarsIn } from "./amounts";
import { type Name, numberIn, say, type Words } from "./words/words";

/** What the end of an answer is told from. */
export interface Ended {
  /** `stopped` by its reader, `done` by the model; another one is not shown. */
  status: string;
  text: string;
  usage: UsageFigures | null;
}

const REASONS: Readonly<Record<string, Name>> = {
  max_tokens: "end_max_tokens",
  safety: "end_safety",
  recitation: "end_recitation",
};

/** Why an answer ended, when that is worth saying. */
export function endOf(words: Words, { status, text, usage }: Ended): string | null {
  if (status === "stopped") return say(words, text === "" ? "stopped_empty" : "stopped", { n: text.length });
  if (status !== "done") return null;
  const reason = usage?.finish_reason ?? "stop";
  if (reason === "stop") return text === "" ? words.end_wordless : null;
  const known = REASONS[reason];
  return known === undefined ? say(words, "end_early", { reason: reason.replaceAll("_", " ") }) : say(words, known);
}

/** The stats, each a text of its own. */
export function statsOf(words: Words, usage: UsageFigures): string[] {
  const { cost_usd: dollars } = usage;
  const cost = dollars === null ? null : dollarsIn(words, dollars);
  return [usage.model, tokens(words, usage), firstToken(words, usage), speed(words, usage), cost].filter(
    (stat) => stat !== null,
  );
}

function tokens(words: Words, usage: UsageFigures): string {
  const parts: [number | null, Name][] = [
    [usage.input_tokens, "spent_in"],
    [usage.output_tokens, "spent_out"],
    [usage.thought_tokens || null, "spent_thought"],
  ];
  const known = parts.flatMap(([n, name]) => (n === null ? [] : [say(words, name, { n })]));
  if (known.length === 0) return words.spent_none;
  const counts = known.join(" / ");
  return say(words, usage.measured === "partial" ? "spent_tokens_so_far" : "spent_tokens", { counts });
}

function firstToken(words: Words, { first_delta_ms: ms }: UsageFigures): string | null {
  if (ms === null) return null;
  const seconds = Math.round(ms / 100) / 10;
  const time = ms < 1000 ? say(words, "milliseconds", { n: ms }) : say(words, "seconds", { n: seconds });
  return say(words, "spent_first", { time });
}

function speed(
  words: Words,
  { output_tokens: count, first_delta_ms: first, duration_ms: whole }: UsageFigures,
): string | null {
  if (!count || first === null || whole - first < 100) return null;
  const each = count / ((whole - first) / 1000);
  const digits = each < 10 ? 1 : 0;
  const n = numberIn(words, each, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return say(words, "spent_speed", { n });
}
