import { type KeyboardEvent, useState } from "react";
import { useChatState } from "./use-chat";

/**
 * Arrow-Up in an empty box writes what was asked last, again what was asked before that; Arrow-Down goes the other
 * way. Once it is changed it is a draft like any other, and the arrows move in it.
 */
export function useRecall(draft: string, write: (text: string) => void): (event: KeyboardEvent) => void {
  const prompts = useChatState((state) => state.prompts);
  const [back, setBack] = useState(0);
  return (event) => {
    const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (step === 0 || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = draft === "" ? 0 : back;
    if (from > 0 && draft !== prompts.at(-from)) return;
    if (from === 0 && draft !== "") return;
    const to = from + step;
    if (to < 0 || to > prompts.length) return;
    event.preventDefault();
    setBack(to);
    write(to === 0 ? "" : (prompts.at(-to) ?? ""));
  };
}
