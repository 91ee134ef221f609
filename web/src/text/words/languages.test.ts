import { expect, test } from "vitest";
import unfit from "../unfit-words.json";
import { EN } from "./en";
import { fill, type Language, languageOf, wordsOf } from "./languages";

const LANGUAGES: readonly Language[] = ["en", "de", "fr", "es", "ja", "zh", "ar"];

test.each([
  [["de-AT", "en"], "de"],
  [["pt-BR", "fr-CA", "en"], "fr"],
  [["zh-Hant-TW"], "zh"],
  [["EN-gb", "de"], "en"],
  [["xx"], "en"],
  [[], "en"],
])("of %o the page speaks %s", (wanted, language) => {
  expect(languageOf(wanted)).toBe(language);
});

test.each(LANGUAGES)("%s has a text for each word, with the same things to put in", async (language) => {
  const { words } = await wordsOf(language);
  const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();
  expect(Object.keys(words).sort()).toEqual(Object.keys(EN).sort());
  for (const [name, text] of Object.entries(EN)) {
    const told = words[name as keyof typeof EN];
    expect(told.trim(), name).not.toBe("");
    expect(holes(told), name).toEqual(holes(text));
  }
});

test("no word is one of those that no reader should have to know", () => {
  const found = Object.values(EN).filter((text) => unfit.some((word) => new RegExp(`\\b${word}\\b`, "i").test(text)));
  expect(found).toEqual([]);
});

test("a sentence is filled in", () => {
  expect(fill("{n} of {all} {x}", { n: 1, all: "two" })).toBe("1 of two {x}");
});
