// Which languages the page speaks, and the words of each, which are loaded when they are needed.

import { EN, type Words } from "./en";

export type Language = "en" | "de" | "fr" | "es" | "ja" | "zh" | "ar";

const OTHERS: Record<Exclude<Language, "en">, () => Promise<Words>> = {
  de: () => import("./de").then(({ DE }) => DE),
  fr: () => import("./fr").then(({ FR }) => FR),
  es: () => import("./es").then(({ ES }) => ES),
  ja: () => import("./ja").then(({ JA }) => JA),
  zh: () => import("./zh").then(({ ZH }) => ZH),
  ar: () => import("./ar").then(({ AR }) => AR),
};
const FROM_THE_RIGHT: ReadonlySet<Language> = new Set(["ar"]);

/** The first of a reader's languages that the page speaks. */
export function languageOf(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return known.find((tag): tag is Language => tag === "en" || tag in OTHERS) ?? "en";
}

/** The words of a language; English ones where they cannot be loaded. */
export async function wordsOf(language: Language): Promise<{ language: Language; words: Words }> {
  if (language === "en") return { language, words: EN };
  try {
    return { language, words: await OTHERS[language]() };
  } catch {
    return { language: "en", words: EN };
  }
}

export function directionOf(language: Language): "ltr" | "rtl" {
  return FROM_THE_RIGHT.has(language) ? "rtl" : "ltr";
}

/** A sentence with its `{name}`s filled in. */
export function fill(sentence: string, values: Readonly<Record<string, string | number>>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
