// A time that is waited for, in words.

import { say, type Words } from "./words/words";

/** Whole seconds, told no finer than it matters: `45 s`, `12 min`, `7 h 5 min`. */
export function inWords(words: Words, seconds: number): string {
  if (seconds < 120) return say(words, "seconds", { n: seconds });
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return say(words, "minutes", { n: minutes });
  const hours = say(words, "hours", { n: Math.floor(minutes / 60) });
  return minutes % 60 === 0 ? hours : `${hours}${words.between}${say(words, "minutes", { n: minutes % 60 })}`;
}
