// A conversation is a tree of messages: editing a question or asking for another answer makes a sibling.
// What is shown is one branch of it, from its first message to its leaf.

import type { ConversationSettings, ShownFile, UsageFigures } from "../protocol/frames";
import type { PartFrame } from "../protocol/part-frame";
import type { Problem } from "../text/problems";
import type { Sentence } from "../text/words/words";
import type { Settings } from "./settings";

export interface Question {
  role: "user";
  id: string;
  /** Its id in the store; null until the server has told it. */
  stored: string | null;
  parent: string | null;
  text: string;
  /** What it was asked with. */
  files: readonly ShownFile[];
  /** The question that it was edited from, as long as it may have to come back into that one's box. */
  replaces: string | null;
  /** When it was asked, in seconds since the epoch; absent where that is not known. */
  created?: number;
}

/**
 * `queued` until it is sent, `waiting` until the first piece; `reconnecting` while it may go on at the server and no
 * connection brings it; `lost` when nothing more of it comes. The last four are ends.
 */
type AnswerStatus =
  | "queued"
  | "waiting"
  | "streaming"
  | "reconnecting"
  | "stopping"
  | "done"
  | "stopped"
  | "failed"
  | "lost";

export interface Answer {
  role: "model";
  /** The id of its turn on the wire, too. */
  id: string;
  /** As a question's; null for ever when nothing of it was stored. */
  stored: string | null;
  parent: string;
  text: string;
  thoughts: string;
  /** What came beside its text: sources, citations, searches, code, files. */
  parts: readonly PartFrame[];
  /** What it was asked with. */
  settings: Settings;
  status: AnswerStatus;
  /** Its run at the server, and the number of the last frame of that which is here; null before it is told. */
  run: { name: string; seq: number } | null;
  usage: UsageFigures | null;
  problem: Problem | null;
  /** When it ended, as a question's. */
  created?: number;
}

export type Message = Question | Answer;

/** What has come of reading a conversation from the store; `gone` when there is none of that name. */
export type Reading = { status: "pending" | "done" | "gone" } | { status: "failed"; why: Sentence };

export interface Conversation {
  /** The page's own name for it: the store's where it comes from there. */
  id: string;
  /** Its id in the store; null until it is kept. */
  stored: string | null;
  /** Whether it is kept nowhere. */
  isTemporary?: boolean;
  title: string;
  /** What its next answers are asked with. */
  settings: Settings;
  /** What the store has of that. */
  saved: ConversationSettings;
  reading: Reading;
  /** The store's own time of the last change that was read, in seconds. */
  asOf: number;
  messages: Readonly<Record<string, Message>>;
  /** The ids below each message, oldest first; the first questions are below ROOT. */
  children: Readonly<Record<string, readonly string[]>>;
  /** The last message of the branch that is shown. */
  leaf: string | null;
  /** The last message of another branch that was written elsewhere, until it is shown. */
  news: string | null;
  /** Why the server did not take the settings, and those that it did not take. */
  refusal: Refused | null;
}

/** What the server did not take, and the settings that came with it. */
export interface Refused {
  problem: Problem;
  settings: Settings;
}

export const ROOT = "";
const NO_IDS: readonly string[] = [];

const RUNNING: ReadonlySet<AnswerStatus> = new Set(["queued", "waiting", "streaming", "reconnecting", "stopping"]);

export function isRunning(answer: Answer): boolean {
  return RUNNING.has(answer.status);
}

/** The messages from the first one down to this one. */
export function branchTo(conversation: Conversation, leaf: string | null): Message[] {
  const branch: Message[] = [];
  for (let id = leaf; id !== null; ) {
    const message = conversation.messages[id];
    if (message === undefined) break;
    branch.push(message);
    id = message.parent;
  }
  return branch.reverse();
}

/** The last message of the branch that is shown. */
export function lastOf(conversation: Conversation | null): Message | null {
  return (conversation?.leaf && conversation.messages[conversation.leaf]) || null;
}

/**
 * The answer that the next question follows. A question that was never answered is not part of its context, here or at the
 * server: the next question stands beside it.
 */
export function lastAnswer(conversation: Conversation): string | null {
  const hasContent = (message: Message) => message.role === "model" && (message.stored !== null || message.text !== "");
  return branchTo(conversation, conversation.leaf).findLast(hasContent)?.id ?? null;
}

/** The ids of a message and of those beside it, oldest first. */
export function siblingsOf(conversation: Conversation, message: Message): readonly string[] {
  return conversation.children[message.parent ?? ROOT] ?? NO_IDS;
}

/** The newest message below this one: the leaf to show when a branch is turned to. */
export function newestBelow(conversation: Conversation, id: string): string {
  const newest = conversation.children[id]?.at(-1);
  return newest === undefined ? id : newestBelow(conversation, newest);
}

/** The answer that is on its way in the branch that is shown. */
export function runningAnswer(conversation: Conversation | null): Answer | null {
  const last = lastOf(conversation);
  return last?.role === "model" && isRunning(last) ? last : null;
}

/** The answers of it that are on their way. */
export function runningAnswers(conversation: Conversation): Answer[] {
  return Object.values(conversation.messages)
    .filter((message) => message.role === "model")
    .filter(isRunning);
}
