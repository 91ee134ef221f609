// What was used today, and what is left of each limit. What is not known is left out, never shown as 0.

import type { DayUsage, Standing } from "../protocol/frames";
import { dollarsIn } from "./amounts";
import { inWords } from "./durations";
import { type Name, numberIn, say, type Words } from "./words/words";

const LIMITS: Readonly<Record<string, Name>> = {
  turns_per_minute: "limit_turns_per_minute",
  turns_at_once: "limit_turns_at_once",
  tokens_per_day: "limit_tokens_per_day",
  usd_per_day: "limit_usd_per_day",
};

/** What a limit is called; one of a later version by its own name. */
export function nameOf(words: Words, { limit, model }: Standing): string {
  const known = LIMITS[limit];
  const name = known === undefined ? limit.replaceAll("_", " ") : say(words, known);
  return model === null ? name : `${name} · ${model}`;
}

/** How much of a limit is left; `seconds` until there is more, where that is known. */
export function leftOf(words: Words, { limit, left, allowed }: Standing, seconds = 0): string {
  const amount = (value: number) => (limit === "usd_per_day" ? dollarsIn(words, value) : numberIn(words, value));
  const values = { left: amount(left), all: amount(allowed) };
  if (seconds <= 0) return say(words, "left_of", values);
  return say(words, "left_of_soon", { ...values, time: inWords(words, seconds) });
}

/** What was used in a day: turns, and what is known of their tokens and their cost. */
export function usedIn(words: Words, { models }: DayUsage): string[] {
  const turns = models.reduce((sum, model) => sum + model.turns, 0);
  const tokens = known(models.map(({ total_tokens: count }) => count));
  const cost = known(models.map(({ cost_usd: cost }) => cost));
  const parts = [say(words, "used_questions", { n: turns })];
  if (tokens !== null) parts.push(say(words, "used_tokens", { n: tokens }));
  if (cost !== null) parts.push(dollarsIn(words, cost));
  return parts;
}

function known(values: (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
}
