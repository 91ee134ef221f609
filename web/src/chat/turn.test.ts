import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import type { HistoryMessage } from "../frames";
import type { Message } from "./conversation";
import { historyOf } from "./history";
import { PLAIN } from "./settings";
import { turnOf } from "./turn";

function exchange(question: string, answer: string): Message[] {
  return [
    { role: "user", id: `q${question}`, parent: null, text: question },
    {
      role: "model",
      id: `a${question}`,
      parent: `q${question}`,
      text: answer,
      thoughts: "no part of it",
      settings: PLAIN,
      status: "done",
      spent: null,
      problem: null,
    },
  ];
}

test("a question is asked with a history, even when that is empty", () => {
  const frame = turnOf("t1", "Why is the sky blue?", [], PLAIN);
  expect(frame).toEqual(golden.up["a first question"]);
});

test("a question is asked with what the reader has set", () => {
  const history = golden.up["with everything that the page sends"].history as HistoryMessage[];
  const frame = turnOf("t2", "In one sentence?", history, {
    model: "gemini-flash-latest",
    system: "Answer in one sentence.",
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 256,
    stop: "END\n\\n\\n",
    thinking: "medium",
  });
  expect(frame).toEqual(golden.up["with everything that the page sends"]);
});

test("the history is the branch, oldest first", () => {
  const texts = historyOf([...exchange("1", "one"), ...exchange("2", "two")], 100).map(({ text }) => text);
  expect(texts).toEqual(["1", "one", "2", "two"]);
});

test("an exchange that delivered nothing is left out", () => {
  expect(historyOf([...exchange("1", ""), ...exchange("2", "two")], 100).map(({ text }) => text)).toEqual(["2", "two"]);
});

test("the newest exchanges are kept, whole, within the bound", () => {
  const branch = [...exchange("1", "one"), ...exchange("2", "two"), ...exchange("3", "three")];
  expect(historyOf(branch, 10).map(({ text }) => text)).toEqual(["2", "two", "3", "three"]);
  expect(historyOf(branch, 9).map(({ text }) => text)).toEqual(["3", "three"]);
  expect(historyOf(branch, 5)).toEqual([]);
});
