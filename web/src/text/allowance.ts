// What was used today, and what is left of each limit. What is not known is left out, never shown as 0.

import type { DayUsage, Standing } from "../protocol/frames";

const LIMITS: Readonly<Record<string, string>> = {
  turns_per_minute: "Questions a minute",
  turns_at_once: "Answers at once",
  tokens_per_day: "Tokens a day",
  usd_per_day: "Dollars a day",
};

/** What a limit is called; one of a later version by its own name. */
export function nameOf({ limit, model }: Standing): string {
  const name = LIMITS[limit] ?? limit.replaceAll("_", " ");
  return model === null ? name : `${name}, ${model}`;
}

/** How much of a limit is left. */
export function leftOf({ limit, left, allowed }: Standing): string {
  const amount = limit === "usd_per_day" ? dollars : (value: number) => value.toLocaleString("en");
  return `${amount(left)} of ${amount(allowed)} left`;
}

/** What was used in a day: turns, and what is known of their tokens and their cost. */
export function usedIn({ models }: DayUsage): string[] {
  const turns = models.reduce((sum, model) => sum + model.turns, 0);
  const tokens = known(models.map(({ total_tokens: count }) => count));
  const cost = known(models.map(({ cost_usd: cost }) => cost));
  const parts = [turns === 1 ? "1 question" : `${turns.toLocaleString("en")} questions`];
  if (tokens !== null) parts.push(`${tokens.toLocaleString("en")} tokens`);
  if (cost !== null) parts.push(dollars(cost));
  return parts;
}

function known(values: (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
}

function dollars(value: number): string {
  const digits = value === 0 || value >= 1 ? 2 : value < 0.01 ? 5 : 3;
  return `$${value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}
