// Words for people: what the page shows has none of the words of whoever wrote the server.

import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import { CLOSE_CODES } from "../protocol/close-code-table";
import type { ErrorFrame } from "../protocol/frames";
import { SETTING_NAMES } from "../protocol/setting-names";
import { ENGLISH } from "../testing/english";
import { whyNotConnected } from "./connection-words";
import { brokenOff, lostConnection, lostQuestion, type Problem, problemOf } from "./problems";
import unfit from "./unfit-words.json";
import { sayAll } from "./words/words";

const failure = golden.down["a failure in the middle"] as unknown as ErrorFrame;

/** What the server says of these errors, where it knows more than the code. */
const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  rate_limited: [
    "You may begin 1 turn a minute.",
    "You may begin 20 turns a minute with gemini-2.5-pro.",
    "You may have 1 turn at once: wait for one to end.",
    "You may have 3 turns at once with gemini-2.5-pro: wait for one to end.",
    "Too many sockets were opened from this address.",
  ],
  budget_exhausted: ["Your 5,000 tokens a day with gemini-2.5-pro are used up; there is more at midnight, UTC."],
  message_too_large: ["The message may hold at most 100,000 characters."],
};

function sentencesOf(code: string): string[] {
  const errors = (MESSAGES[code] ?? [`A turn's frame, as GET /${code} says.`]).flatMap((message) =>
    [null, ...SETTING_NAMES].map((field) => ({ ...failure, code, message, field })),
  );
  return [...errors.map((error) => problemOf(error, 0)), brokenOff(code)].map(wholeOf);
}

/** All that is said of a problem. */
function wholeOf({ sentence, advice }: Problem): string {
  return sayAll(ENGLISH, sentence, ...advice);
}

function found(sentence: string): string[] {
  return unfit.filter((word) => new RegExp(`\\b${word}\\b`, "i").test(sentence));
}

test.each(golden.error_codes)("what is said of %s has none of them", (code) => {
  for (const sentence of sentencesOf(code)) expect([sentence, found(sentence)]).toEqual([sentence, []]);
});

test("what is said of a lost connection has none of them", () => {
  const lost = Object.values(CLOSE_CODES).flatMap((reason) => [
    lostConnection(true, reason),
    lostConnection(false, reason),
  ]);
  for (const sentence of [...lost, lostQuestion(true), lostQuestion(false)].map(wholeOf)) {
    expect([sentence, found(sentence)]).toEqual([sentence, []]);
  }
});

test.each([200, 401, 403, 404, 418, 429, 500, 502, 503, 504])(
  "what is said of a handshake that gets %i has none",
  (status) => {
    expect(found(sayAll(ENGLISH, whyNotConnected({ status })))).toEqual([]);
  },
);

test.each([
  ["You may begin 1 turn a minute.", "You may ask 1 question a minute."],
  [
    "You may have 3 turns at once with gemini-2.5-pro: wait for one to end.",
    "You may have 3 answers at once with gemini-2.5-pro.",
  ],
])("the amounts are the server's: %s", (message, sentence) => {
  expect(sayAll(ENGLISH, problemOf({ ...failure, code: "rate_limited", message }, 0).sentence)).toBe(sentence);
});

test("a word that is unfit is found", () => {
  expect(found("This model is not offered here; GET /models lists what is.")).not.toEqual([]);
});
