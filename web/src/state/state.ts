// Everything that the page knows, and what can happen to it.

import type { ConnectionState } from "../connection/connection-state";
import type { CloseReason } from "../protocol/close-codes";
import type {
  ConversationPage,
  ConversationTree,
  FrameDown,
  Conversation as Kept,
  ModelList,
} from "../protocol/frames";
import type { SettingName } from "../protocol/setting-names";
import { type Conversation, lastOf, type Reading } from "./conversation";
import { type Entry, type Listing, listingOf } from "./listing";
import { NO_PREFERENCES, type Preferences } from "./preferences";
import type { Settings } from "./settings";

/** What lies over the page while it is open. */
export type Panel = "chats" | "settings" | "shortcuts" | "sign_in";

/** How the reader stands with a server that asks who is there. */
interface Identity {
  /** Whether the page holds a token. */
  signedIn: boolean;
  /** Why the last one was not taken. */
  refusal: string | null;
}

export interface State {
  connection: ConnectionState;
  identity: Identity;
  /** What may be asked; null until the server has said so. */
  models: ModelList | null;
  preferences: Preferences;
  /** What the chat that has no message yet begins with. */
  fresh: Settings;
  /** Those whose messages are here. */
  conversations: readonly Conversation[];
  /** All that there are, as far as they have been listed. */
  list: Listing;
  /** What a search has found; null when nothing is looked for. */
  found: Listing | null;
  /** What is deleted unless the reader thinks better of it. */
  deleting: { entry: Entry; wasShown: boolean } | null;
  /** The conversation that is shown; null for one that has no message yet. */
  shown: string | null;
  panel: Panel | null;
  /** What was asked, in whatever chat, oldest first. */
  prompts: readonly string[];
  /** What is said for a moment. */
  notice: string | null;
}

export type Action = PageAction | TurnAction | StoredAction;

/** What the page shows, and to whom. */
type PageAction =
  | { type: "connection"; connection: ConnectionState }
  | { type: "locked"; signedIn: boolean; refusal: string | null }
  | { type: "signed_in" }
  | { type: "models"; models: ModelList }
  | { type: "set"; settings: Partial<Settings> }
  | { type: "prefer"; preferences: Partial<Preferences> }
  | { type: "open"; panel: Panel }
  | { type: "close"; panel: Panel }
  | { type: "notice"; notice: string | null }
  | { type: "show"; conversation: string | null }
  | { type: "turn_to"; message: string };

/** Questions and their answers. */
export type TurnAction =
  | {
      type: "ask";
      conversation: string;
      question: string;
      parent: string | null;
      text: string;
      answer: string;
      now: number;
    }
  | { type: "ask_again"; question: string; answer: string; now: number }
  | { type: "sent"; answers: readonly string[] }
  | { type: "stopping"; answer: string }
  | { type: "withdrawn"; answer: string }
  | { type: "frames"; frames: readonly FrameDown[]; now: number }
  | { type: "lost"; reason: CloseReason };

/** The conversations that the server stores. */
export type StoredAction =
  | { type: "search"; words: string }
  | { type: "listed"; words: string; page: ConversationPage; isFirst: boolean }
  | { type: "not_listed"; words: string; why: string }
  | { type: "kept"; conversation: string; kept: Kept }
  | { type: "read"; conversation: string; tree: ConversationTree }
  | { type: "not_read"; conversation: string; reading: Reading }
  | { type: "rename"; conversation: string; title: string }
  | { type: "delete"; conversation: string }
  | { type: "undo" }
  | { type: "deleted" };

/** So many of them are kept. */
export const PROMPTS = 100;

export const INITIAL: State = {
  connection: { status: "connecting" },
  identity: { signedIn: false, refusal: null },
  models: null,
  preferences: NO_PREFERENCES,
  fresh: NO_PREFERENCES.defaults,
  conversations: [],
  list: listingOf(""),
  found: null,
  deleting: null,
  shown: null,
  panel: null,
  prompts: [],
  notice: null,
};

export function shownConversation(state: State): Conversation | null {
  return state.conversations.find(({ id }) => id === state.shown) ?? null;
}

/** The conversation that holds a message. */
export function conversationWith(state: State, message: string): Conversation | null {
  return state.conversations.find(({ messages }) => message in messages) ?? null;
}

/** The page's own name for a stored conversation. */
export function idOf(state: State, stored: string): string {
  return state.conversations.find((conversation) => conversation.stored === stored)?.id ?? stored;
}

/** What the next answer of the chat that is shown is asked with. */
export function shownSettings(state: State): Settings {
  return shownConversation(state)?.settings ?? state.fresh;
}

/** Why the server did not take a setting's value, until that is changed. */
export function refusalOf(state: State, name: SettingName): string | null {
  const conversation = shownConversation(state);
  const last = lastOf(conversation);
  if (last?.role !== "model" || last.problem?.setting !== name) return null;
  return last.settings[name] === conversation?.settings[name] ? last.problem.sentence : null;
}

/** Change one conversation. */
export function change(state: State, id: string, changed: (conversation: Conversation) => Conversation): State {
  return { ...state, conversations: state.conversations.map((c) => (c.id === id ? changed(c) : c)) };
}
