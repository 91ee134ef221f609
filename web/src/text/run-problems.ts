// What is said of an answer that its reader came back to too late.

import type { Problem } from "./problems";

const AGAIN = { retry: { notBefore: 0, first: null }, setting: null };
const FOR_ALL = "Ask again for all of it, which costs again.";

/** The problem of an answer of which the server has nothing more; `arrived` when some of it is here. */
export function lostRun(arrived: boolean): Problem {
  if (arrived) {
    return { sentence: "The rest of this answer is lost: the server no longer has it.", advice: FOR_ALL, ...AGAIN };
  }
  const sentence = "No answer came, and the server has none.";
  return { sentence, advice: "Ask again, which costs again.", ...AGAIN };
}

/** The problem of an answer that the server ended because nobody came back in time. */
export function cutShort(): Problem {
  return { sentence: "This answer was ended while the connection was away.", advice: FOR_ALL, ...AGAIN };
}
