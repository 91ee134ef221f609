import { expect, test } from "vitest";
import type { DayUsage, Standing } from "../protocol/frames";
import { ENGLISH } from "../testing/english";
import { leftOf, nameOf, usedIn } from "./allowance";
import { inWords } from "./durations";

const standing: Standing = { limit: "turns_per_minute", model: null, allowed: 30, left: 12, resets_in: 5 };
const used: DayUsage["models"][number] = {
  model: "gemini-flash-latest",
  turns: 2,
  input_tokens: 1000,
  output_tokens: 204,
  thought_tokens: 0,
  tool_tokens: 0,
  cached_tokens: 0,
  total_tokens: 1204,
  cost_usd: 0.0042,
  uncounted_turns: 0,
  unpriced_turns: 0,
};

test.each([
  [standing, "Questions a minute", "12 of 30 left"],
  [{ ...standing, model: "gemini-pro" }, "Questions a minute · gemini-pro", "12 of 30 left"],
  [{ ...standing, limit: "tokens_per_day", allowed: 1e6, left: 1234 }, "Tokens a day", "1,234 of 1,000,000 left"],
  [{ ...standing, limit: "usd_per_day", allowed: 5, left: 0.4256 }, "Dollars a day", "$0.426 of $5.00 left"],
  [{ ...standing, limit: "images_per_day" }, "images per day", "12 of 30 left"],
])("a limit is told by name, with what is left", (limit, name, left) => {
  expect([nameOf(ENGLISH, limit), leftOf(ENGLISH, limit)]).toEqual([name, left]);
});

test("what was used of all models is told together", () => {
  const day = { day: "2026-01-31", models: [used, { ...used, model: "other", total_tokens: null, cost_usd: null }] };
  expect(usedIn(ENGLISH, day)).toEqual(["4 questions", "1,204 tokens", "$0.00420"]);
});

test("what is not known is never told as nothing", () => {
  const day = { day: "2026-01-31", models: [{ ...used, turns: 1, total_tokens: null, cost_usd: null }] };
  expect(usedIn(ENGLISH, day)).toEqual(["1 question"]);
});

test.each([
  [1, "1 s"],
  [119, "119 s"],
  [120, "2 min"],
  [3599, "60 min"],
  [7200, "2 h"],
  [25_299, "7 h 2 min"],
  [86_399, "24 h"],
])("%d seconds are %s", (seconds, words) => {
  expect(inWords(ENGLISH, seconds)).toBe(words);
});
