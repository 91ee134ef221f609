// A sentence of the page: told by its name until it is shown, and put into the reader's language then.

import type { EN } from "./en";

export type Name = keyof typeof EN;

/** The forms of words with a number, by the plurals of their language. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

/** What the file of a language holds. */
export type Texts = { readonly [name in Name]: (typeof EN)[name] extends string ? string : Plural };

/** The words of a language; `locale` says how this reader writes numbers and dates, such as de-AT. */
export type Words = Texts & { readonly locale: string };

/** Those of a page whose words have not come yet: what it shows before has no text. */
export const NO_WORDS = { locale: "en" } as Words;

export type Values = Readonly<Record<string, string | number | Sentence>>;

/** A sentence in no language yet. */
export interface Sentence {
  say: Name;
  with?: Values;
}

/** A sentence with its `{name}`s filled in: numbers as its reader writes them, and `{n}` in the plural that it needs. */
export function say(words: Words, name: Name, values: Values = {}): string {
  const text: string | Plural = words[name] ?? ""; // of another version of the page, as it is kept by the browser
  const form = typeof text === "string" ? text : pluralOf(words, text, Number(values.n));
  return form.replace(/\{(\w+)\}/g, (whole, hole: string) => shown(words, values[hole] ?? whole));
}

/** Some sentences, as one text. */
export function sayAll(words: Words, ...sentences: readonly Sentence[]): string {
  return sentences.map((sentence) => say(words, sentence.say, sentence.with)).join(words.between);
}

export function numberIn({ locale }: Words, value: number, options?: Intl.NumberFormatOptions): string {
  return value.toLocaleString(locale, options);
}

function shown(words: Words, value: string | number | Sentence): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? numberIn(words, value) : say(words, value.say, value.with);
}

function pluralOf({ locale }: Words, forms: Plural, n: number): string {
  return forms[new Intl.PluralRules(locale).select(n)] ?? forms.other;
}
