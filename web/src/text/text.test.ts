import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import type { ErrorFrame, Usage } from "../protocol/frames";
import type { Answer } from "../state/conversation";
import { PLAIN } from "../state/settings";
import { endOf, factsOf } from "./answer-stats";
import { knowsCode, problemOf } from "./problems";

const end = golden.down["the end"] as Usage;
const failure = golden.down["a failure in the middle"] as unknown as ErrorFrame;
const answer = (changes: Partial<Answer>): Answer => ({
  role: "model",
  id: "t1",
  stored: null,
  parent: "q1",
  text: "Hello",
  thoughts: "",
  settings: PLAIN,
  status: "done",
  spent: end,
  problem: null,
  ...changes,
});

test("the facts are the model, the tokens, the first token's time and the speed", () => {
  expect(factsOf(end)).toEqual([
    "gemini-flash-latest",
    "7 in / 31 out / 12 thought tokens",
    "first token 420 ms",
    "31 tokens/s",
  ]);
});

test("the cost is shown when it is known", () => {
  expect(factsOf({ ...end, cost_usd: 0.0000123 })).toContain("$0.00001");
  expect(factsOf({ ...end, cost_usd: 1.5 })).toContain("$1.500");
});

test("a first token that took its time is told in seconds", () => {
  expect(factsOf({ ...end, first_delta_ms: 1_234 })).toContain("first token 1.2 s");
});

test("what is not known is never shown as nothing", () => {
  const unknown = golden.down["the end of a turn that was stopped before anything was counted"] as Usage;
  expect(factsOf(unknown)).toEqual(["gemini-flash-latest", "tokens not counted"]);
});

test("counts of a turn that was cut are marked", () => {
  expect(factsOf({ ...end, measured: "partial" })).toContain("7 in / 31 out / 12 thought tokens so far");
});

test("an answer that ended as it should needs no word", () => {
  expect(endOf(answer({}))).toBe(null);
});

test.each([
  [{ spent: { ...end, finish_reason: "max_tokens" } }, /longest length/],
  [{ spent: { ...end, finish_reason: "newly_invented" } }, /newly invented/],
  [{ text: "" }, /without a word/],
  [{ status: "stopped" as const, text: "x".repeat(1234) }, /^Stopped: 1,234 characters had come$/],
  [{ status: "stopped" as const, text: "" }, /nothing had come/],
])("an answer that ended in another way says so", (changes, sentence) => {
  expect(endOf(answer(changes))).toMatch(sentence);
});

test.each(golden.error_codes)("the page knows what to do about %s", (code) => {
  expect(knowsCode(code)).toBe(true);
});

test("a code of a later version is retried when the server says that it may be", () => {
  const unknown = { ...failure, code: "brand_new", message: "Something new." };
  expect(problemOf(unknown, 0)).toEqual({
    sentence: "Something new.",
    advice: "Ask again.",
    retry: { notBefore: 0, first: null },
    setting: null,
  });
  expect(problemOf({ ...unknown, retryable: false }, 0).retry).toBe(null);
});

test("who has to say who they are does that first, and asks again", () => {
  expect(problemOf({ ...failure, code: "unauthenticated", retryable: false }, 0)).toMatchObject({
    advice: "Enter a fresh token, then ask again.",
    retry: { notBefore: 0, first: "sign_in" },
  });
});

test("a server that shuts down is left for another", () => {
  expect(problemOf({ ...failure, code: "draining" }, 0).retry?.first).toBe("reconnect");
});
