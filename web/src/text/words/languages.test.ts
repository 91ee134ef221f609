import { expect, test } from "vitest";
import golden from "../../../../tests/golden/frames.json";
import { CLOSE_CODES } from "../../protocol/close-code-table";
import { knowsCode } from "../error-words";
import unfit from "../unfit-words.json";
import { EN } from "./en";
import { type Language, languageOf, wordsOf } from "./languages";
import { type Plural, say, sayAll, type Words } from "./words";

const LANGUAGES: readonly Language[] = ["en", "de", "fr", "es", "ja", "zh", "ar"];
const NAMES = Object.keys(EN).sort() as (keyof typeof EN)[];

/** Each form of some words. */
const formsOf = (text: string | Plural): string[] => (typeof text === "string" ? [text] : Object.values(text));
const holesOf = (text: string) => new Set([...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole));
const speaking = async (language: string): Promise<Words> => wordsOf(languageOf([language]));

test.each([
  [["de-AT", "en"], "de", "de-AT"],
  [["pt-BR", "fr-CA", "en"], "fr", "fr-CA"],
  [["zh-Hant-TW"], "zh", "zh-Hant-TW"],
  [["EN-gb", "de"], "en", "EN-gb"],
  [["xx"], "en", "en"],
  [["en-US@posix"], "en", "en"],
  [["de-DE@euro", "fr"], "de", "de"],
  [[], "en", "en"],
])("of %o the page speaks %s, and writes numbers as in %s", (wanted, language, locale) => {
  expect(languageOf(wanted)).toEqual({ language, locale });
});

test.each(LANGUAGES)("%s has words for everything, with the same things to put in", async (language) => {
  const { locale: _, ...words } = await speaking(language);
  expect(Object.keys(words).sort()).toEqual(NAMES);
  for (const name of NAMES) {
    const [english, own] = [formsOf(EN[name]), formsOf(words[name])];
    const holes = holesOf(english.join());
    for (const form of own) {
      if (name !== "between") expect(form.trim(), name).not.toBe("");
      const lost = [...holes].filter((hole) => !holesOf(form).has(hole));
      expect(
        lost.filter((hole) => hole !== "{n}" || typeof EN[name] === "string"),
        name,
      ).toEqual([]);
      expect(
        [...holesOf(form)].filter((hole) => !holes.has(hole)),
        name,
      ).toEqual([]);
    }
    expect(typeof words[name], name).toBe(typeof EN[name]);
  }
});

test.each(LANGUAGES)("%s has a form for each plural that it needs", async (language) => {
  const words = await speaking(language);
  const rules = new Intl.PluralRules(language);
  const needed = [...new Set(Array.from({ length: 1_000 }, (_, n) => rules.select(n)))].sort();
  for (const name of NAMES) {
    const text: string | Plural = words[name];
    if (typeof text !== "string") expect([name, Object.keys(text).sort()]).toEqual([name, needed]);
  }
});

test.each(LANGUAGES.slice(1))("%s is written in that language", async (language) => {
  const words = await speaking(language);
  const same = NAMES.filter(
    (name) => formsOf(EN[name]).join().length > 40 && formsOf(words[name]).join() === formsOf(EN[name]).join(),
  );
  expect(same).toEqual([]);
});

test("each code of an error, and each close code, has words", () => {
  expect(golden.error_codes.filter((code) => !knowsCode(code))).toEqual([]);
  expect(Object.keys(CLOSE_CODES).filter((code) => !(`close_${code}` in EN))).toEqual([]);
});

test("no word is one of those that no reader should have to know", () => {
  const all = NAMES.flatMap((name) => formsOf(EN[name]));
  expect(all.filter((text) => unfit.some((word) => new RegExp(`\\b${word}\\b`, "i").test(text)))).toEqual([]);
});

test("numbers are written as their reader writes them, in the plural that they need", async () => {
  const german = await speaking("de-DE");
  expect(say(german, "used_questions", { n: 1 })).toBe("1 Frage");
  expect(say(german, "used_questions", { n: 12_345 })).toBe("12.345 Fragen");
  const arabic = await speaking("ar");
  expect([1, 2].map((n) => say(arabic, "used_questions", { n }))).toEqual(["سؤال واحد", "سؤالان"]);
});

test("a sentence may be put into another, and sentences stand beside each other as is usual", async () => {
  const reason = { say: "unreachable" } as const;
  const [english, japanese] = [await speaking("en"), await speaking("ja")];
  expect(say(english, "not_deleted", { why: reason })).toBe("Not deleted: The server cannot be reached.");
  expect(sayAll(english, reason, { say: "writing_kept" })).toBe(
    "The server cannot be reached. What you write is kept.",
  );
  expect(sayAll(japanese, reason, { say: "writing_kept" })).toBe(
    "サーバーに接続できません。書いた内容は保存されます。",
  );
});

test("words that are not known, as those that another version of the page has kept, are left out", async () => {
  expect(say(await speaking("en"), "of_another_version" as "retry")).toBe("");
});
