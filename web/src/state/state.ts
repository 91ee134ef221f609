// Everything that the page knows, and what can happen to it.

import type { ConnectionState } from "../connection/connection-state";
import type { CloseReason } from "../protocol/close-codes";
import type {
  ConversationPage,
  ConversationTree,
  ErrorFrame,
  Folder,
  FrameDown,
  ModelList,
  Prompt,
  ShownFile,
  Conversation as StoredConversation,
} from "../protocol/frames";
import type { SettingName } from "../protocol/setting-names";
import type { Problem } from "../text/problems";
import { NO_WORDS, type Sentence, type Words } from "../text/words/words";
import type { Attachment } from "./attachments";
import { type Conversation, lastOf, type Reading, type Refused } from "./conversation";
import { type Draft, NEW_CHAT } from "./drafts";
import { type Entry, type Listing, listingOf, type Place } from "./listing";
import { NO_PREFERENCES, type Preferences } from "./preferences";
import type { Settings } from "./settings";
import type { UnstoredTurn } from "./unstored-turns";

/** What lies over the page while it is open. */
export type Panel = "chats" | "settings" | "shortcuts" | "sign_in" | LibraryPanel;

/** Those of what is kept beside the chats. */
export type LibraryPanel = "archive" | "data" | "links" | "prompts" | "share";

/** Words that are looked for in a chat, and the stored id of the message in which they stand. */
interface Seeking {
  conversation: string;
  message: string;
  words: string;
}

/** What the browser has kept: what was written, chosen and asked, and the server does not have. */
export interface Kept {
  drafts: Readonly<Record<string, Draft>>;
  settings: Readonly<Record<string, Settings>>;
  unstored: readonly UnstoredTurn[];
}

/** How the reader stands with a server that asks who is there. */
interface Identity {
  /** Whether the page holds a token. */
  signedIn: boolean;
  /** Why the last one was not taken. */
  refusal: Sentence | null;
}

export interface State {
  /** The page's words, in the reader's language. */
  words: Words;
  folders: readonly Folder[];
  /** The reader's own, which the message box offers as commands. */
  commands: readonly Prompt[];
  /** Whether the chat that has no message yet will be kept nowhere. */
  isTemporary: boolean;
  /** The message with which the branch ends that is about to be shared. */
  sharing: string | null;
  /** What was looked for in the chat that was just opened, until it is in sight there. */
  seeking: Seeking | null;
  connection: ConnectionState;
  identity: Identity;
  /** What may be asked; null until the server has said so. */
  models: ModelList | null;
  /** How many characters of a chat a question is asked with; null until the server has said so. */
  historyChars: number | null;
  /** How many seconds the server lets an answer go on with nobody listening; 0 until it has said so. */
  grace: number;
  /** The largest file that may be asked with a question, in bytes; 0 where none may be, or that is not known yet. */
  fileBytes: number;
  preferences: Preferences;
  /** What the chat that has no message yet begins with. */
  fresh: Settings;
  /** What is written and not sent, by the page's id of its chat. */
  drafts: Readonly<Record<string, Draft>>;
  /** Why a question came back into its box: by the chat, or by the question that was edited there. */
  returned: Readonly<Record<string, Refused>>;
  /** Settings that the browser has kept for chats that have not been read yet. */
  settings: Readonly<Record<string, Settings>>;
  /** Questions that the browser has kept, until their chats have been read. */
  unstored: readonly UnstoredTurn[];
  /** Whether the browser keeps what is written. */
  isKeeping: boolean;
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
  /** Whether the page was opened at an address that it does not have. */
  isLost: boolean;
  panel: Panel | null;
  /** What was asked, in whatever chat, oldest first. */
  prompts: readonly string[];
  /** What is said for a moment. */
  notice: string | null;
}

export type Action = PageAction | DraftAction | TurnAction | RunAction | StoredAction;

/** What the page shows, and to whom. */
type PageAction =
  | { type: "connection"; connection: ConnectionState }
  | { type: "words"; words: Words }
  | { type: "locked"; signedIn: boolean; refusal: Sentence | null }
  | { type: "signed_in" }
  | ({ type: "models"; models: ModelList } & Pick<State, "historyChars" | "grace"> & Partial<Pick<State, "fileBytes">>)
  | { type: "set"; settings: Partial<Settings> }
  | { type: "prefer"; preferences: Partial<Preferences> }
  | { type: "open"; panel: Panel }
  | { type: "close"; panel: Panel }
  | { type: "keeping"; isKeeping: boolean }
  | { type: "notice"; notice: string | null }
  | { type: "library"; folders: readonly Folder[]; commands: readonly Prompt[] }
  | { type: "temporary"; isTemporary: boolean }
  | { type: "share"; message: string }
  | { type: "seek"; seeking: Seeking | null }
  | { type: "show"; conversation: string | null }
  | { type: "turn_to"; message: string };

/** What is written, and what the browser keeps of it. */
export type DraftAction =
  | { type: "write"; chat: string; text: string }
  /** `waits`: send it as soon as the server has the files. */
  | { type: "attach"; chat: string; files: readonly Attachment[]; waits?: boolean }
  /** `text` is null when the editing has ended. */
  | { type: "edit"; chat: string; question: string; text: string | null }
  | { type: "settings_refused"; conversation: string; problem: Problem; settings: Settings }
  /** Put back what the browser has kept. */
  | { type: "restore"; kept: Kept; now: number }
  /** Another page sends this question. */
  | { type: "taken"; question: string };

/** Questions and their answers. */
export type TurnAction =
  | {
      type: "ask";
      /** The chat in whose box it was written, which is emptied; of anything else there is no box. */
      from: string;
      /** The question that it takes the place of. */
      replaces: string | null;
      conversation: string;
      question: string;
      parent: string | null;
      text: string;
      files?: readonly ShownFile[];
      answer: string;
      now: number;
    }
  | { type: "ask_again"; question: string; answer: string; now: number }
  | { type: "sent"; answers: readonly string[] }
  | { type: "stopping"; answer: string }
  | { type: "withdrawn"; answer: string }
  /** A turn was not sent, for this error. */
  | { type: "not_sent"; answer: string; error: ErrorFrame; now: number }
  | { type: "frames"; frames: readonly FrameDown[]; now: number }
  | { type: "lost"; reason: CloseReason };

/** Answers that go on at the server while no connection brings them. */
export type RunAction =
  /** One is heard again. */
  | { type: "resumed"; answer: string }
  /** It is not, after all. */
  | { type: "not_resumed"; answer: string }
  /** Nothing more comes of an answer. */
  | { type: "given_up"; answer: string; problem: Problem };

/** The conversations that the server stores. */
export type StoredAction =
  | { type: "search"; words: string }
  /** Have a conversation here, which is read next. */
  | { type: "hold"; conversation: string }
  | { type: "listed"; words: string; page: ConversationPage; isFirst: boolean }
  | { type: "not_listed"; words: string; why: Sentence }
  | { type: "stored"; conversation: string; stored: StoredConversation }
  | {
      type: "read";
      conversation: string;
      tree: ConversationTree;
      /** Loaded with the first tree: the first paint does without it. */
      merge: (conversation: Conversation, tree: ConversationTree) => Conversation;
    }
  | { type: "not_read"; conversation: string; reading: Reading }
  | { type: "rename"; conversation: string; title: string }
  | { type: "place"; conversation: string; place: Place }
  /** Chats that are in the list whatever page they are on: pinned ones, those of a folder. */
  | { type: "also_listed"; page: ConversationPage }
  | { type: "unlisted"; conversations: readonly string[] }
  | { type: "delete"; conversation: string }
  | { type: "undo" }
  | { type: "deleted" };

/** So many of them are kept. */
export const PROMPTS = 100;

export const INITIAL: State = {
  words: NO_WORDS,
  folders: [],
  commands: [],
  isTemporary: false,
  sharing: null,
  seeking: null,
  connection: { status: "connecting" },
  identity: { signedIn: false, refusal: null },
  models: null,
  historyChars: null,
  grace: 0,
  fileBytes: 0,
  preferences: NO_PREFERENCES,
  fresh: NO_PREFERENCES.defaults,
  drafts: {},
  returned: {},
  settings: {},
  unstored: [],
  isKeeping: true,
  conversations: [],
  list: listingOf(""),
  found: null,
  deleting: null,
  shown: null,
  isLost: false,
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

/** The place of the chat that is shown, among the drafts. */
export function shownPlace({ shown }: State): string {
  return shown ?? NEW_CHAT;
}

/** Why the server did not take a setting's value, until that is changed. */
export function refusalOf(state: State, name: SettingName): Sentence | null {
  const conversation = shownConversation(state);
  const settings = shownSettings(state);
  const last = lastOf(conversation);
  const refused = [
    conversation?.refusal,
    last?.role === "model" ? { problem: last.problem, settings: last.settings } : null,
    state.returned[shownPlace(state)],
  ];
  const found = refused.find((it) => it?.problem?.setting === name && it.settings[name] === settings[name]);
  return found?.problem?.sentence ?? null;
}

/** Change one conversation. */
export function change(state: State, id: string, changed: (conversation: Conversation) => Conversation): State {
  return { ...state, conversations: state.conversations.map((c) => (c.id === id ? changed(c) : c)) };
}
