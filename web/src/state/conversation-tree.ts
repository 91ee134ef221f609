// Adds to a conversation's tree. Each function returns a new one; what is not changed stays the same object.

import {
  type Answer,
  type Conversation,
  isRunning,
  type Message,
  newestBelow,
  type Question,
  ROOT,
} from "./conversation";
import { PLAIN, type Settings } from "./settings";

/** By characters, as the server counts: a UTF-16 unit may be half of one. */
const TITLE = /^(.{60}).*/u;

/** One without a message. `stored` is its id in the store; null for a new chat, which is all here. */
export function emptyConversation(id: string, stored: string | null, settings: Settings = PLAIN): Conversation {
  return {
    id,
    stored,
    title: "",
    settings,
    saved: {},
    reading: { status: stored === null ? "done" : "pending" },
    asOf: 0,
    messages: {},
    children: {},
    leaf: null,
    news: null,
    refusal: null,
  };
}

/** What a chat is called after its first message, as by the server. */
export function titleOf(text: string): string {
  return text.trim().replace(/\s+/g, " ").replace(TITLE, "$1").trimEnd();
}

export function emptyAnswer(id: string, parent: string, settings: Settings): Answer {
  return {
    role: "model",
    id,
    stored: null,
    parent,
    text: "",
    thoughts: "",
    parts: [],
    settings,
    status: "queued",
    run: null,
    usage: null,
    problem: null,
  };
}

export function withMessage(conversation: Conversation, message: Message): Conversation {
  const { messages, children } = conversation;
  const parent = message.parent ?? ROOT;
  return {
    ...conversation,
    messages: { ...messages, [message.id]: message },
    children: { ...children, [parent]: [...(children[parent] ?? []), message.id] },
    leaf: message.id,
  };
}

/** Without the answers to a question that ended with nothing and are kept nowhere: asking again makes up for them. */
export function withoutEmpty(conversation: Conversation, question: string): Conversation {
  const messages = { ...conversation.messages };
  const kept = (conversation.children[question] ?? []).filter((id) => {
    const answer = messages[id];
    const isEmpty = answer?.role === "model" && !isRunning(answer) && answer.stored === null && answer.text === "";
    if (isEmpty) delete messages[id];
    return !isEmpty;
  });
  return { ...conversation, messages, children: { ...conversation.children, [question]: kept } };
}

/** Without a question and all that is below it. */
export function withoutQuestion(conversation: Conversation, question: Question): Conversation {
  const messages = { ...conversation.messages };
  const children = { ...conversation.children };
  const drop = (id: string) => {
    for (const child of children[id] ?? []) drop(child);
    delete messages[id];
    delete children[id];
  };
  drop(question.id);
  const parent = question.parent ?? ROOT;
  const siblings = (children[parent] ?? []).filter((id) => id !== question.id);
  children[parent] = siblings;
  const without = { ...conversation, messages, children };
  const before = question.replaces ?? siblings.at(-1) ?? question.parent;
  return { ...without, leaf: before === null ? null : newestBelow(without, before) };
}
