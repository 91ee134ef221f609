import { useEffect, useRef } from "react";
import { addressOf, conversationAt, NOWHERE, unsentIn } from "../state/addresses";
import { shownConversation } from "../state/state";
import { useChat, useChatState } from "./use-chat";

/** Keeps the address that of the chat that is shown, and the other way round when the reader goes back or forward. */
export function useAddress(): void {
  const chat = useChat();
  const shown = useChatState((state) => state.shown);
  const address = useChatState((state) => addressOf(shownConversation(state)?.stored ?? null));
  const isLost = useChatState((state) => state.isLost);
  const before = useRef(shown);
  useEffect(() => {
    if (isLost) return;
    const state = address === NOWHERE && shown !== null ? { chat: shown } : null;
    // A new chat gets its address with its first question: that is not a step to go back from.
    if (location.pathname !== address && before.current !== shown) history.pushState(state, "", address);
    else history.replaceState(state, "", address);
    before.current = shown;
  }, [shown, address, isLost]);
  useEffect(() => {
    const onMove = () => chat.showAt(conversationAt(location.pathname), unsentIn(history.state));
    window.addEventListener("popstate", onMove);
    return () => window.removeEventListener("popstate", onMove);
  }, [chat]);
}
