import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import type { Usage } from "../protocol/frames";
import { ENGLISH } from "../testing/english";
import { type Ended, endOf, statsOf } from "./answer-stats";

const end = golden.down["the end"] as Usage;
const answer = (changes: Partial<Ended>): Ended => ({ status: "done", text: "Hello", usage: end, ...changes });

test("the stats are the model, the tokens, the first token's time and the speed", () => {
  expect(statsOf(ENGLISH, end)).toEqual([
    "gemini-flash-latest",
    "7 in / 31 out / 12 thought tokens",
    "first token 420 ms",
    "31 tokens/s",
  ]);
});

test("the cost is shown when it is known", () => {
  expect(statsOf(ENGLISH, { ...end, cost_usd: 0.0000123 })).toContain("$0.00001");
  expect(statsOf(ENGLISH, { ...end, cost_usd: 1.5 })).toContain("$1.50");
});

test("a first token that took its time is told in seconds", () => {
  expect(statsOf(ENGLISH, { ...end, first_delta_ms: 1_234 })).toContain("first token 1.2 s");
});

test("what is not known is never shown as nothing", () => {
  const unknown = golden.down["the end of a turn that was stopped before anything was counted"] as Usage;
  expect(statsOf(ENGLISH, unknown)).toEqual(["gemini-flash-latest", "tokens not counted"]);
});

test("counts of a turn that was cut are marked", () => {
  expect(statsOf(ENGLISH, { ...end, measured: "partial" })).toContain("7 in / 31 out / 12 thought tokens so far");
});

test("an answer that ended as it should needs no word", () => {
  expect(endOf(ENGLISH, answer({}))).toBe(null);
});

test.each([
  [{ usage: { ...end, finish_reason: "max_tokens" } }, /longest length/],
  [{ usage: { ...end, finish_reason: "newly_invented" } }, /newly invented/],
  [{ text: "" }, /without a word/],
  [{ status: "stopped" as const, text: "x".repeat(1234) }, /^Stopped: 1,234 characters had come$/],
  [{ status: "stopped" as const, text: "" }, /nothing had come/],
])("an answer that ended in another way says so", (changes, sentence) => {
  expect(endOf(ENGLISH, answer(changes))).toMatch(sentence);
});
