import { expect, test } from "vitest";
import { nothingDictated, withTranscript } from "./dictated";

const write = (text: string, ...steps: [transcript: string, typed?: string][]) => {
  let last = nothingDictated(text);
  let box = text;
  for (const [transcript, typed = ""] of steps) {
    last = withTranscript(last, box, transcript);
    box = last.text + typed;
  }
  return box;
};

test("a transcript stands after what was written, and is written anew when it changes", () => {
  expect(write("Dear Ann,", ["eye"], ["I scream"], ["ice cream"])).toBe("Dear Ann, ice cream");
  expect(write("", [" hello"], [" hello world"])).toBe("hello world");
  expect(write("Dear Ann,\n", ["hello"])).toBe("Dear Ann,\nhello");
});

test("what is typed meanwhile stays, and only what is new is added", () => {
  expect(write("", ["hello", ", you"], ["hello"], ["hello world", "!"], ["hello world how are you"])).toBe(
    "hello, you world! how are you",
  );
});

test("a transcript that changes after something was typed loses nothing", () => {
  expect(write("", ["I want to wreck", "!"], ["I want to recognize speech"])).toBe("I want to wreck! recognize speech");
});

test("what was taken away does not come back", () => {
  let last = withTranscript(nothingDictated(""), "", "wrong words");
  last = withTranscript(last, "", "wrong words");
  expect(last.text).toBe("");
  expect(withTranscript(last, "", "wrong words right ones").text).toBe("right ones");
});
