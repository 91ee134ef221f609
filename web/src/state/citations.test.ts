import { expect, test } from "vitest";
import { citedPlaces, citedSources } from "./citations";

const SOURCES = citedSources(
  [
    { index: 1, title: "One", uri: "https://one.example/a" },
    { index: 2, title: null, uri: "https://www.two.example/b" },
    { index: 3, title: "  ", uri: null },
  ],
  "A page without an address",
);

/** Of the first place that is cited, what stands before it. */
function before(text: string, end: number): string {
  const places = citedPlaces(text, [{ start: 0, end, sources: [1] }], SOURCES);
  return text.slice(0, places[0]?.at);
}

test("a source without a title is called after its host, and one without either says so", () => {
  expect(SOURCES.map(({ title }) => title)).toEqual(["One", "two.example", "A page without an address"]);
});

test.each([
  ["Grüße aus Köln. Mehr.", 15, "Grüße aus Köln."],
  ["😀👩‍💻 two emoji. More.", 15, "😀👩‍💻 two emoji."],
  ["e\u0301te\u0301 is summer", 4, "e\u0301te\u0301"],
  ["سلام على الجميع. نهاية", 16, "سلام على الجميع."],
  ["A sentence. \n\nMore.", 14, "A sentence."],
])("of %j the first %i code points end in its place", (text, end, cited) => {
  expect(before(text, end)).toBe(cited);
});

test("a place is never within a character that is seen as one", () => {
  expect(before("cafe\u0301 here", 4)).toBe("cafe\u0301");
  expect(before("👍🏽 here", 1)).toBe("👍🏽");
});

test("several citations of one place are one, with each source once", () => {
  const places = citedPlaces(
    "One. Two.",
    [
      { start: 0, end: 9, sources: [2] },
      { start: 5, end: 9, sources: [1, 2] },
      { start: 0, end: 4, sources: [1] },
      { start: 0, end: 4, sources: [7] },
    ],
    SOURCES,
  );
  expect(places.map(({ at, sources }) => [at, sources.map(({ number }) => number)])).toEqual([
    [4, [1]],
    [9, [1, 2]],
  ]);
});

test("an end beyond the text is its end", () => {
  expect(before("Short.", 900)).toBe("Short.");
});
