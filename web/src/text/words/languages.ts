// Which languages the page speaks, and the words of each, which are loaded when it is the reader's.

import type { Texts, Words } from "./words";

const LANGUAGES = {
  en: () => import("./en").then(({ EN }): Texts => EN),
  de: () => import("./de").then(({ DE }) => DE),
  fr: () => import("./fr").then(({ FR }) => FR),
  es: () => import("./es").then(({ ES }) => ES),
  ja: () => import("./ja").then(({ JA }) => JA),
  zh: () => import("./zh").then(({ ZH }) => ZH),
  ar: () => import("./ar").then(({ AR }) => AR),
};
export type Language = keyof typeof LANGUAGES;

export interface Reader {
  language: Language;
  /** How they write numbers and dates, such as de-AT. */
  locale: string;
}

/** The language that a tag such as de-AT is of, if the page speaks it. */
function languageIn(tag: string): Language | null {
  const language = tag.toLowerCase().split("-")[0] ?? "";
  return language in LANGUAGES ? (language as Language) : null;
}

/** The first of a reader's languages that the page speaks, and how they write it. */
export function languageOf(wanted: readonly string[]): Reader {
  const tag = wanted.find((tag) => languageIn(tag) !== null) ?? "en";
  const language = languageIn(tag) ?? "en";
  return { language, locale: isTag(tag) ? tag : language };
}

/** Whether numbers and dates can be written so. Chromium passes the locale of a system on: en-US@posix is no tag. */
function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

/** The words of a language. Rejects where they cannot be loaded. */
export async function wordsOf({ language, locale }: Reader): Promise<Words> {
  return { ...(await LANGUAGES[language]()), locale };
}

export function directionOf(language: Language): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}
