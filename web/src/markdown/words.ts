import { createContext, useContext } from "react";
import type { Words } from "../text/words/words";

/** The words beside what an answer holds, in its reader's language. */
export const WordsContext = createContext<Words | null>(null);

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (words === null) throw new Error("an answer is drawn within a WordsContext");
  return words;
}
