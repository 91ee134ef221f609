// The one function that changes the state.

import { changeAnswers, detach, giveUp, takeFrames } from "./answers";
import { branchTo, type Conversation, type Message, newestBelow } from "./conversation";
import { emptyAnswer, emptyConversation, titleOf, withMessage, withoutEmpty } from "./conversation-tree";
import { withDraft, withEdit } from "./drafts";
import { lookingFor, withEntry } from "./listing";
import type { Preferences } from "./preferences";
import { restore, withoutTaken } from "./restore";
import { giveBack, giveBackRefused } from "./returned-questions";
import { sameJson } from "./same-json";
import { PLAIN, type Settings } from "./settings";
import {
  type Action,
  change,
  conversationWith,
  type DraftAction,
  PROMPTS,
  type RunAction,
  type State,
  type StoredAction,
  type TurnAction,
} from "./state";
import {
  alsoListed,
  forget,
  listed,
  noteStored,
  notListed,
  notRead,
  place,
  read,
  rename,
  startDeleting,
  unlisted,
} from "./stored-conversations";

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "locked":
      return { ...state, identity: { signedIn: action.signedIn, refusal: action.refusal }, panel: "sign_in" };
    case "signed_in":
      return {
        ...state,
        identity: { signedIn: true, refusal: null },
        panel: state.panel === "sign_in" ? null : state.panel,
      };
    case "set":
      return set(state, action.settings);
    case "prefer":
      return prefer(state, action.preferences);
    case "close":
      return state.panel === action.panel ? { ...state, panel: null } : state;
    case "connection":
    case "keeping":
    case "open":
    case "words":
    case "models":
    case "notice":
    case "library":
    case "temporary":
    case "seek": {
      const { type: _, ...changes } = action;
      return { ...state, ...changes };
    }
    case "share":
      return { ...state, sharing: action.message, panel: "share" };
    case "show":
      return show(state, action.conversation);
    case "turn_to":
      return changeWith(state, action.message, (c) => turnedTo(c, newestBelow(c, action.message)));
    default:
      return reduceDrafts(state, action);
  }
}

function reduceDrafts(state: State, action: DraftAction | TurnAction | RunAction | StoredAction): State {
  switch (action.type) {
    case "write":
      return write(state, action.chat, action.text);
    case "attach":
      return withDraft(state, action.chat, { files: action.files, waits: action.waits ?? false });
    case "edit":
      return withEdit(state, action.chat, action.question, action.text);
    case "settings_refused": {
      const { problem, settings } = action;
      return change(state, action.conversation, (c) => ({ ...c, refusal: { problem, settings } }));
    }
    case "restore":
      return restore(state, action.kept, action.now);
    case "taken":
      return withoutTaken(state, action.question);
    default:
      return reduceTurns(state, action);
  }
}

function reduceTurns(state: State, action: TurnAction | RunAction | StoredAction): State {
  switch (action.type) {
    case "ask":
      return ask(state, action);
    case "ask_again":
      return askAgain(state, action);
    case "sent":
      return changeAnswers(state, (answer) =>
        action.answers.includes(answer.id) && ["queued", "reconnecting"].includes(answer.status)
          ? { ...answer, status: "waiting" }
          : answer,
      );
    case "stopping":
      return changeAnswers(state, (answer) =>
        answer.id === action.answer ? { ...answer, status: "stopping" } : answer,
      );
    case "withdrawn":
      return changeAnswers(state, (answer) =>
        answer.id === action.answer ? { ...answer, status: "stopped" } : answer,
      );
    case "not_sent": {
      const { answer, error, now } = action;
      return giveBack(takeFrames(state, [{ ...error, type: "error", id: answer }], now), answer);
    }
    case "frames":
      return giveBackRefused(takeFrames(state, action.frames, action.now), action.frames);
    case "lost":
      return changeAnswers(state, (answer) =>
        answer.status === "queued" ? answer : detach(answer, action.reason, state.grace),
      );
    default:
      return reduceRuns(state, action);
  }
}

function reduceRuns(state: State, action: RunAction | StoredAction): State {
  switch (action.type) {
    case "resumed":
      return changeAnswers(state, (answer) =>
        answer.id === action.answer && answer.status === "reconnecting"
          ? { ...answer, status: answer.text === "" ? "waiting" : "streaming" }
          : answer,
      );
    case "not_resumed":
      return changeAnswers(state, (answer) =>
        answer.id === action.answer && answer.status !== "stopping" ? { ...answer, status: "reconnecting" } : answer,
      );
    case "given_up":
      return changeAnswers(state, (answer) => (answer.id === action.answer ? giveUp(answer, action.problem) : answer));
    default:
      return reduceStored(state, action);
  }
}

function reduceStored(state: State, action: StoredAction): State {
  switch (action.type) {
    case "search":
      return { ...state, found: action.words === "" ? null : lookingFor(state.found ?? state.list, action.words) };
    case "hold":
      return hold(state, action.conversation);
    case "listed":
      return listed(state, action);
    case "not_listed":
      return notListed(state, action.words, action.why);
    case "stored":
      return noteStored(state, action.conversation, action.stored);
    case "read":
      return read(state, action);
    case "not_read":
      return notRead(state, action.conversation, action.reading);
    case "rename":
      return rename(state, action.conversation, action.title);
    case "place":
      return place(state, action.conversation, action.place);
    case "also_listed":
      return alsoListed(state, action.page);
    case "unlisted":
      return unlisted(state, action.conversations);
    case "delete":
      return remove(state, action.conversation);
    case "undo":
      return undo(state);
    case "deleted":
      return forget(state);
  }
}

/** A new chat whose settings nobody has touched begins with the new defaults. */
function prefer(state: State, preferences: Partial<Preferences>): State {
  const preferring = { ...state, preferences: { ...state.preferences, ...preferences } };
  const isUntouched = sameJson(state.fresh, state.preferences.defaults);
  return isUntouched ? { ...preferring, fresh: preferring.preferences.defaults } : preferring;
}

function set(state: State, settings: Partial<Settings>): State {
  if (state.shown === null) return { ...state, fresh: { ...state.fresh, ...settings } };
  return change(state, state.shown, (c) => ({ ...c, settings: { ...c.settings, ...settings } }));
}

/** What is left in a box from which a question was sent. */
const SENT = { text: "", files: [], waits: false };

/** What came back into a box is forgotten with its text. */
function write(state: State, chat: string, text: string): State {
  const { [chat]: _, ...returned } = state.returned;
  return withDraft(text === "" ? { ...state, returned } : state, chat, { text, waits: false });
}

function show(state: State, id: string | null): State {
  const { shown, conversations } = state;
  const isLeft = (c: Conversation) => c.id === shown && c.isTemporary && id !== shown; // nobody could come back to it
  const drafts = Object.fromEntries(
    Object.entries(state.drafts).filter(([at]) => !conversations.some((c) => c.id === at && isLeft(c))),
  );
  const left = { ...state, drafts, conversations: conversations.filter((c) => !isLeft(c)) };
  return { ...(id === null ? left : hold(left, id)), shown: id, isLost: false };
}

/** Have a conversation here; one that is not is one of the store's, to be read. */
function hold(state: State, id: string): State {
  if (state.conversations.some((c) => c.id === id)) return state;
  const title = state.list.entries.find((entry) => entry.id === id)?.title ?? "";
  const { [id]: kept = PLAIN, ...settings } = state.settings;
  return { ...state, settings, conversations: [...state.conversations, { ...emptyConversation(id, id, kept), title }] };
}

function turnedTo(conversation: Conversation, leaf: string): Conversation {
  const { news } = conversation;
  const isShown = news !== null && branchTo(conversation, leaf).some(({ id }) => id === news);
  return { ...conversation, leaf, news: isShown ? null : news };
}

function ask(state: State, action: Extract<Action, { type: "ask" }>): State {
  const { conversation: id, from, question, replaces, parent, text, files = [], answer, now } = action;
  const message: Message = {
    role: "user",
    id: question,
    stored: null,
    parent,
    text,
    files,
    replaces,
    created: now / 1000,
  };
  const isHere = state.conversations.some((c) => c.id === id);
  const sent = replaces === null ? withDraft(state, from, SENT) : withEdit(state, from, replaces, null);
  const opened = isHere ? sent : begun(sent, id, titleOf(text));
  const prompts = [...state.prompts.filter((prompt) => prompt !== text), text].slice(-PROMPTS);
  const { [replaces ?? from]: _, ...returned } = state.returned;
  const asking = change({ ...opened, shown: id, isLost: false, prompts, returned }, id, (c) =>
    withMessage(withMessage(c, message), emptyAnswer(answer, question, c.settings)),
  );
  return used(asking, id, now);
}

/** A new chat has its first question, and the next one begins anew. */
function begun(state: State, id: string, title: string): State {
  const opened = { ...emptyConversation(id, null, state.fresh), title, isTemporary: state.isTemporary };
  const conversations = [...state.conversations, opened];
  return { ...state, conversations, fresh: state.preferences.defaults, isTemporary: false };
}

function askAgain(state: State, { question, answer, now }: Extract<Action, { type: "ask_again" }>): State {
  const asking = changeWith(state, question, (c) =>
    withMessage(withoutEmpty(c, question), emptyAnswer(answer, question, c.settings)),
  );
  return used(asking, conversationWith(asking, question)?.id ?? "", now);
}

/** Something is said in a conversation: it is the first of the list. */
function used(state: State, id: string, now: number): State {
  const conversation = state.conversations.find((c) => c.id === id);
  if (conversation === undefined || conversation.isTemporary) return state;
  const { stored, title } = conversation;
  const before = state.list.entries.find((entry) => entry.id === id);
  const updated = Math.max(now / 1000, state.list.entries[0]?.updated ?? 0); // whatever the clocks say
  return { ...state, list: withEntry(state.list, { ...before, id, stored, title, updated }) };
}

/** Change the conversation that holds a message. */
function changeWith(state: State, message: string, changed: (conversation: Conversation) => Conversation): State {
  return { ...state, conversations: state.conversations.map((c) => (message in c.messages ? changed(c) : c)) };
}

/** Show it no more; `undo` brings it back. */
function remove(state: State, id: string): State {
  const deleting = startDeleting(state, id);
  return deleting.deleting?.wasShown ? show(deleting, null) : deleting;
}

function undo(state: State): State {
  const { deleting } = state;
  if (deleting === null) return state;
  const back = { ...state, deleting: null };
  return deleting.wasShown && state.shown === null ? show(back, deleting.entry.id) : back;
}
