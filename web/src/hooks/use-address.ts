import { useEffect, useRef } from "react";
import { shownConversation } from "../state/state";
import { useChat, useChatState } from "./use-chat";

const FOLDER = "/c/";
/** As at the server. */
const CHAT = /^\/c\/([\w-]{1,64})$/;
const SHARED = /^\/s\/([\w-]{1,64})$/;
const NOWHERE = "/";

/** The conversation that an address names; null where it names none. */
export function conversationAt(path: string): string | null {
  return CHAT.exec(path)?.[1] ?? null;
}

/** The token of the link that an address is of; null where it is none. */
export function sharedAt(path: string): string | null {
  return SHARED.exec(path)?.[1] ?? null;
}

/** Whether an address is one that the page has. */
export function isKnown(path: string): boolean {
  return path === NOWHERE || CHAT.test(path);
}

export function addressOf(stored: string | null): string {
  return stored === null ? NOWHERE : FOLDER + stored;
}

/** The chat that a place in the browser's history was of before the server knew it; null when there is none. */
export function unsentIn(state: unknown): string | null {
  const chat = typeof state === "object" && state !== null && "chat" in state ? state.chat : null;
  return typeof chat === "string" ? chat : null;
}

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
    // A new chat gets its address with its first question: that is no step to go back from.
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
