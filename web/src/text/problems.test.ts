import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import type { ErrorFrame } from "../protocol/frames";
import { ENGLISH } from "../testing/english";
import { knowsCode } from "./error-words";
import { problemOf } from "./problems";
import { sayAll } from "./words/words";

const failure = golden.down["a failure in the middle"] as unknown as ErrorFrame;

test.each(golden.error_codes)("the page knows what to do about %s", (code) => {
  expect(knowsCode(code)).toBe(true);
});

test("a code of a later version is retried when the server says that it may be", () => {
  const unknown = { ...failure, code: "brand_new", message: "Something new." };
  expect(problemOf(unknown, 0)).toEqual({
    sentence: { say: "error_told", with: { message: "Something new." } },
    advice: [{ say: "advice_again" }],
    retry: { notBefore: 0, first: null },
    setting: null,
  });
  expect(problemOf({ ...unknown, retryable: false }, 0).retry).toBe(null);
});

test("who has to say who they are does that first, and asks again", () => {
  expect(problemOf({ ...failure, code: "unauthenticated", retryable: false }, 0)).toMatchObject({
    advice: [{ say: "advice_fresh_token" }],
    retry: { notBefore: 0, first: "sign_in" },
  });
});

test("an answer that a stop has cut says that asking again counts again", () => {
  const { advice, retry } = problemOf({ ...failure, code: "draining", retryable: false }, 0);
  expect(sayAll(ENGLISH, ...advice)).toContain("one more question");
  expect(retry?.first).toBe("reconnect");
});

test("a server that shuts down is left for another", () => {
  expect(problemOf({ ...failure, code: "draining" }, 0).retry?.first).toBe("reconnect");
});
