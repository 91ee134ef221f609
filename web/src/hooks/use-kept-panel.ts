import { useEffect } from "react";
import { useChat } from "./use-chat";

/** Keeps the panel in which the reader writes where the page would ask for a token: there is a button for that. */
export function useKeptPanel(): void {
  const { store } = useChat();
  useEffect(() => {
    let before = store.state.panel;
    return store.subscribe(() => {
      const { panel } = store.state;
      const kept = panel === "sign_in" && before !== null && before !== panel && isWrittenIn() ? before : panel;
      before = kept;
      if (kept !== null && kept !== panel) store.dispatch({ type: "open", panel: kept });
    });
  }, [store]);
}

/** Whether a text box of a panel has the focus. */
function isWrittenIn(): boolean {
  const { activeElement } = document;
  const isBox = activeElement instanceof HTMLTextAreaElement || activeElement instanceof HTMLInputElement;
  return isBox && activeElement.closest("dialog") !== null;
}
