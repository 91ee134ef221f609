// Everything that the page knows, and the one function that changes it.

import type { FrameDown, ModelList } from "../frames";
import type { Closing } from "../link/closing";
import type { LinkState } from "../link/socket";
import { lostLink, problemOf } from "../text/problems";
import { type Answer, type Conversation, isRunning, type Message, newestBelow, ROOT } from "./conversation";
import { NO_PREFERENCES, type Preferences } from "./preferences";
import { type SettingName, type Settings, withOffered } from "./settings";

/** What lies over the page while it is open. */
export type Panel = "chats" | "settings" | "shortcuts" | "sign_in";

/** How the reader stands with a server that asks who is there. */
export interface Identity {
  /** Whether the page holds a token. */
  signedIn: boolean;
  /** Why the last one was not taken. */
  refusal: string | null;
}

export interface State {
  link: LinkState;
  identity: Identity;
  /** What may be asked; null until the server has said so. */
  models: ModelList | null;
  preferences: Preferences;
  /** What the chat that has no message yet begins with. */
  fresh: Settings;
  /** Newest first. */
  conversations: readonly Conversation[];
  /** The conversation that is shown; null for one that has no message yet. */
  shown: string | null;
  panel: Panel | null;
  /** What was asked, in whatever chat, oldest first. */
  prompts: readonly string[];
  /** What is said for a moment. */
  notice: string | null;
}

export type Action =
  | { type: "link"; link: LinkState }
  | { type: "locked"; signedIn: boolean; refusal: string | null }
  | { type: "signed_in" }
  | { type: "models"; models: ModelList }
  | { type: "set"; settings: Partial<Settings> }
  | { type: "prefer"; preferences: Partial<Preferences> }
  | { type: "open"; panel: Panel }
  | { type: "close"; panel: Panel }
  | { type: "notice"; notice: string | null }
  | { type: "show"; conversation: string | null }
  | { type: "turn_to"; message: string }
  | { type: "ask"; conversation: string; question: string; parent: string | null; text: string; answer: string }
  | { type: "ask_again"; question: string; answer: string }
  | { type: "sent"; answers: readonly string[] }
  | { type: "stopping"; answer: string }
  | { type: "withdrawn"; answer: string }
  | { type: "frames"; frames: readonly FrameDown[]; now: number }
  | { type: "lost"; closing: Closing };

export const INITIAL: State = {
  link: { status: "connecting" },
  identity: { signedIn: false, refusal: null },
  models: null,
  preferences: NO_PREFERENCES,
  fresh: NO_PREFERENCES.defaults,
  conversations: [],
  shown: null,
  panel: null,
  prompts: [],
  notice: null,
};

const TITLE_CHARS = 60;
const PROMPTS = 100;

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "link":
      return { ...state, link: action.link };
    case "locked":
      return { ...state, identity: { signedIn: action.signedIn, refusal: action.refusal }, panel: "sign_in" };
    case "signed_in":
      return {
        ...state,
        identity: { signedIn: true, refusal: null },
        panel: state.panel === "sign_in" ? null : state.panel,
      };
    case "models":
      return offer(state, action.models);
    case "set":
      return set(state, action.settings);
    case "prefer":
      return { ...state, preferences: { ...state.preferences, ...action.preferences } };
    case "open":
      return { ...state, panel: action.panel };
    case "close":
      return state.panel === action.panel ? { ...state, panel: null } : state;
    case "notice":
      return { ...state, notice: action.notice };
    case "show":
      return { ...state, shown: action.conversation, fresh: action.conversation === null ? begin(state) : state.fresh };
    case "turn_to":
      return change(state, action.message, (c) => ({ ...c, leaf: newestBelow(c, action.message) }));
    case "ask":
      return ask(state, action);
    case "ask_again":
      return change(state, action.question, (c) =>
        add(withoutEmpty(c, action.question), emptyAnswer(action.answer, action.question, c.settings)),
      );
    case "sent":
      return answers(state, (answer) =>
        action.answers.includes(answer.id) && answer.status === "queued" ? { ...answer, status: "waiting" } : answer,
      );
    case "stopping":
      return answers(state, (answer) => (answer.id === action.answer ? { ...answer, status: "stopping" } : answer));
    case "withdrawn":
      return answers(state, (answer) => (answer.id === action.answer ? { ...answer, status: "stopped" } : answer));
    case "frames":
      return take(state, action.frames, action.now);
    case "lost":
      return answers(state, (answer) => (answer.status === "queued" ? answer : lose(answer, action.closing)));
  }
}

export function shownConversation(state: State): Conversation | null {
  return state.conversations.find(({ id }) => id === state.shown) ?? null;
}

/** The conversation that holds a message. */
export function conversationWith(state: State, message: string): Conversation | null {
  return state.conversations.find(({ messages }) => message in messages) ?? null;
}

/** What the next answer of the chat that is shown is asked with. */
export function shownSettings(state: State): Settings {
  return shownConversation(state)?.settings ?? state.fresh;
}

/** Why the server did not take a setting's value, until that is changed. */
export function refusalOf(state: State, name: SettingName): string | null {
  const conversation = shownConversation(state);
  const last = conversation?.leaf ? conversation.messages[conversation.leaf] : undefined;
  if (last?.role !== "model" || last.problem?.setting !== name) return null;
  return last.settings[name] === conversation?.settings[name] ? last.problem.sentence : null;
}

function offer(state: State, models: ModelList): State {
  return {
    ...state,
    models,
    fresh: withOffered(state.fresh, models.models),
    conversations: state.conversations.map((c) => ({ ...c, settings: withOffered(c.settings, models.models) })),
  };
}

/** The settings of a new chat. */
function begin({ preferences: { defaults }, models }: State): Settings {
  return models === null ? defaults : withOffered(defaults, models.models);
}

function set(state: State, settings: Partial<Settings>): State {
  if (state.shown === null) return { ...state, fresh: { ...state.fresh, ...settings } };
  const conversations = state.conversations.map((c) =>
    c.id === state.shown ? { ...c, settings: { ...c.settings, ...settings } } : c,
  );
  return { ...state, conversations };
}

function ask(state: State, action: Extract<Action, { type: "ask" }>): State {
  const question: Message = { role: "user", id: action.question, parent: action.parent, text: action.text };
  const known = state.conversations.some(({ id }) => id === action.conversation);
  const title = action.text.trim().replace(/\s+/g, " ").slice(0, TITLE_CHARS);
  const opened: Conversation = {
    id: action.conversation,
    title,
    settings: state.fresh,
    messages: {},
    children: {},
    leaf: null,
  };
  const conversations = known ? state.conversations : [opened, ...state.conversations];
  return {
    ...state,
    shown: action.conversation,
    prompts: [...state.prompts.filter((prompt) => prompt !== action.text), action.text].slice(-PROMPTS),
    conversations: conversations.map((c) =>
      c.id === action.conversation ? add(add(c, question), emptyAnswer(action.answer, action.question, c.settings)) : c,
    ),
  };
}

function emptyAnswer(id: string, parent: string, settings: Settings): Answer {
  return { role: "model", id, parent, text: "", thoughts: "", settings, status: "queued", spent: null, problem: null };
}

function add(conversation: Conversation, message: Message): Conversation {
  const { messages, children } = conversation;
  const parent = message.parent ?? ROOT;
  return {
    ...conversation,
    messages: { ...messages, [message.id]: message },
    children: { ...children, [parent]: [...(children[parent] ?? []), message.id] },
    leaf: message.id,
  };
}

/** Without the answers to a question that have ended with nothing: asking again makes up for them. */
function withoutEmpty(conversation: Conversation, question: string): Conversation {
  const messages = { ...conversation.messages };
  const kept = (conversation.children[question] ?? []).filter((id) => {
    const answer = messages[id];
    const isEmpty = answer?.role === "model" && !isRunning(answer) && answer.text === "";
    if (isEmpty) delete messages[id];
    return !isEmpty;
  });
  return { ...conversation, messages, children: { ...conversation.children, [question]: kept } };
}

/** Change the conversation that holds a message. */
function change(state: State, message: string, changed: (conversation: Conversation) => Conversation): State {
  return { ...state, conversations: state.conversations.map((c) => (message in c.messages ? changed(c) : c)) };
}

/** Change running answers; whatever is not changed stays the same object, so that nothing of it is drawn again. */
function answers(state: State, changed: (answer: Answer) => Answer): State {
  const conversations = state.conversations.map((conversation) => {
    const updates: Record<string, Message> = {};
    for (const message of Object.values(conversation.messages)) {
      if (message.role !== "model" || !isRunning(message)) continue;
      const answer = changed(message);
      if (answer !== message) updates[answer.id] = answer;
    }
    if (Object.keys(updates).length === 0) return conversation;
    return { ...conversation, messages: { ...conversation.messages, ...updates } };
  });
  return { ...state, conversations };
}

function take(state: State, frames: readonly FrameDown[], now: number): State {
  const byTurn = Map.groupBy(frames, (frame) => frame.id);
  return answers(state, (answer) =>
    (byTurn.get(answer.id) ?? []).reduce((taken, frame) => takeOne(taken, frame, now), answer),
  );
}

function takeOne(answer: Answer, frame: FrameDown, now: number): Answer {
  if (!isRunning(answer)) return answer;
  const status = answer.status === "stopping" ? "stopping" : "streaming";
  switch (frame.type) {
    case "delta":
      return { ...answer, status, text: answer.text + frame.text };
    case "thought":
      return { ...answer, status, thoughts: answer.thoughts + frame.text };
    case "usage": {
      const { type: _, id: __, ...spent } = frame;
      return { ...answer, status: frame.finish_reason === "cancelled" ? "stopped" : "done", spent };
    }
    case "error":
      return { ...answer, status: "failed", spent: frame.usage, problem: problemOf(frame, now) };
    default: // a frame of a later version of the protocol
      return answer;
  }
}

function lose(answer: Answer, closing: Closing): Answer {
  return { ...answer, status: "lost", problem: lostLink(answer.text !== "", closing) };
}
