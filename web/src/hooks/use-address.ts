import { useEffect, useRef } from "react";
import { shownConversation } from "../state/state";
import { useChat, useChatState } from "./use-chat";

const FOLDER = "/c/";

/** The conversation that an address names; null where it names none. */
export function conversationAt(path: string): string | null {
  return path.startsWith(FOLDER) ? path.slice(FOLDER.length) : null;
}

export function addressOf(stored: string | null): string {
  return stored === null ? "/" : FOLDER + stored;
}

/** Keeps the address that of the chat that is shown, and the other way round when the reader goes back or forward. */
export function useAddress(): void {
  const chat = useChat();
  const shown = useChatState((state) => state.shown);
  const address = useChatState((state) => addressOf(shownConversation(state)?.stored ?? null));
  const before = useRef(shown);
  useEffect(() => {
    if (location.pathname !== address) {
      // A new chat gets its address with its first question: that is no step to go back from.
      if (before.current === shown) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    }
    before.current = shown;
  }, [shown, address]);
  useEffect(() => {
    const onMove = () => chat.conversations.showStored(conversationAt(location.pathname));
    window.addEventListener("popstate", onMove);
    return () => window.removeEventListener("popstate", onMove);
  }, [chat]);
}
