// The line under an answer: its tokens, its cost, its speed. What is not known is left out, never shown as 0.

import type { Spent } from "../protocol/frames";

/** What the end of an answer is told from. */
export interface Ended {
  /** `stopped` by its reader, `done` by the model; another one is no end to tell of. */
  status: string;
  text: string;
  spent: Spent | null;
}

const REASONS: Readonly<Record<string, string>> = {
  max_tokens: "Cut off: the answer reached its longest length",
  safety: "Cut off by the provider's safety filter",
  recitation: "Cut off: it would have repeated a source word for word",
};

const number = (value: number) => value.toLocaleString("en");

/** Why an answer ended, when that is worth saying. */
export function endOf({ status, text, spent }: Ended): string | null {
  if (status === "stopped") return `Stopped: ${received(text)}`;
  if (status !== "done") return null;
  const reason = spent?.finish_reason ?? "stop";
  if (reason !== "stop") return REASONS[reason] ?? `Ended early: ${reason.replaceAll("_", " ")}`;
  return text === "" ? "The model ended without a word" : null;
}

/** How much of an answer has come. */
function received(text: string): string {
  if (text === "") return "nothing had come yet";
  return text.length === 1 ? "1 character had come" : `${number(text.length)} characters had come`;
}

/** The stats, each a text of its own. */
export function statsOf(spent: Spent): string[] {
  return [spent.model, tokens(spent), firstToken(spent), speed(spent), cost(spent)].filter((stat) => stat !== null);
}

function tokens(spent: Spent): string | null {
  const counts: [number | null, string][] = [
    [spent.input_tokens, "in"],
    [spent.output_tokens, "out"],
    [spent.thought_tokens || null, "thought"],
  ];
  const known = counts.flatMap(([count, name]) => (count === null ? [] : [`${number(count)} ${name}`]));
  if (known.length === 0) return "tokens not counted";
  return `${known.join(" / ")} tokens${spent.measured === "partial" ? " so far" : ""}`;
}

function firstToken({ first_delta_ms: ms }: Spent): string | null {
  if (ms === null) return null;
  return `first token ${ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`}`;
}

function speed({ output_tokens: count, first_delta_ms: first, duration_ms: whole }: Spent): string | null {
  if (!count || first === null || whole - first < 100) return null;
  const each = count / ((whole - first) / 1000);
  return `${each < 10 ? each.toFixed(1) : number(Math.round(each))} tokens/s`;
}

function cost({ cost_usd: dollars }: Spent): string | null {
  return dollars === null ? null : `$${dollars < 0.01 ? dollars.toFixed(5) : dollars.toFixed(3)}`;
}
