// What is said of an answer that its reader came back to too late.

import type { Problem } from "./problems";
import type { Name } from "./words/words";

/** The problem of an answer of which the server has nothing more; `arrived` when some of it is here. */
export function lostRun(arrived: boolean): Problem {
  return arrived ? askAgain("error_gone", "advice_again_all") : askAgain("run_lost", "advice_again_costs");
}

/** The problem of an answer that the server ended because nobody came back in time. */
export function cutShort(): Problem {
  return askAgain("answer_cut_away", "advice_again_all");
}

function askAgain(sentence: Name, advice: Name): Problem {
  return {
    sentence: { say: sentence },
    advice: [{ say: advice }],
    retry: { notBefore: 0, first: null },
    setting: null,
  };
}
