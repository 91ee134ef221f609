import { createContext, useContext, useSyncExternalStore } from "react";
import type { ChatController } from "../controller/chat-controller";
import type { State } from "../state/state";

export const ChatContext = createContext<ChatController | null>(null);

export function useChat(): ChatController {
  const chat = useContext(ChatContext);
  if (chat === null) throw new Error("useChat needs a ChatContext around it");
  return chat;
}

/** The page's words in the reader's language. */
export function useWords(): State["words"] {
  return useChatState((state) => state.words);
}

/** A part of the state; `select` has to return the same object for the same state. */
export function useChatState<T>(select: (state: State) => T): T {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}
