import { expect, test } from "vitest";
import { nothingDictated, withHeard } from "./dictated";

const write = (text: string, ...steps: [heard: string, typed?: string][]) => {
  let last = nothingDictated(text);
  let box = text;
  for (const [heard, typed = ""] of steps) {
    last = withHeard(last, box, heard);
    box = last.text + typed;
  }
  return box;
};

test("what is heard stands after what was written, and is written anew when it is heard in another way", () => {
  expect(write("Dear Ann,", ["eye"], ["I scream"], ["ice cream"])).toBe("Dear Ann, ice cream");
  expect(write("", [" hello"], [" hello world"])).toBe("hello world");
  expect(write("Dear Ann,\n", ["hello"])).toBe("Dear Ann,\nhello");
});

test("what is typed meanwhile stays, and only what is new is added", () => {
  expect(write("", ["hello", ", you"], ["hello"], ["hello world", "!"], ["hello world how are you"])).toBe(
    "hello, you world! how are you",
  );
});

test("what was heard before a change, and is heard in another way after it, is not lost", () => {
  expect(write("", ["I want to wreck", "!"], ["I want to recognize speech"])).toBe("I want to wreck! recognize speech");
});

test("what was taken away does not come back", () => {
  let last = withHeard(nothingDictated(""), "", "wrong words");
  last = withHeard(last, "", "wrong words");
  expect(last.text).toBe("");
  expect(withHeard(last, "", "wrong words right ones").text).toBe("right ones");
});
