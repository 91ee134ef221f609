// The page's words in English, for tests that read what is said.

import { EN } from "../text/words/en";
import type { Words } from "../text/words/words";

export const ENGLISH: Words = { ...EN, locale: "en" };
