// A conversation is a tree of messages: editing a question or asking for another answer makes a sibling.
// What is shown is one branch of it, from its first message to its leaf.

import type { Spent } from "../frames";
import type { Problem } from "../text/problems";
import type { Settings } from "./settings";

export interface Question {
  role: "user";
  id: string;
  parent: string | null;
  text: string;
}

/**
 * `queued` until the link is up, `waiting` until the first piece; `lost` when the link broke in the middle.
 * The last four are ends.
 */
export type AnswerStatus = "queued" | "waiting" | "streaming" | "stopping" | "done" | "stopped" | "failed" | "lost";

export interface Answer {
  role: "model";
  /** The id of its turn on the wire, too. */
  id: string;
  parent: string;
  text: string;
  thoughts: string;
  /** What it was asked with. */
  settings: Settings;
  status: AnswerStatus;
  spent: Spent | null;
  problem: Problem | null;
}

export type Message = Question | Answer;

export interface Conversation {
  id: string;
  title: string;
  /** What its next answers are asked with. */
  settings: Settings;
  messages: Readonly<Record<string, Message>>;
  /** The ids below each message, oldest first; the first questions are below ROOT. */
  children: Readonly<Record<string, readonly string[]>>;
  /** The last message of the branch that is shown. */
  leaf: string | null;
}

export const ROOT = "";
const NOBODY: readonly string[] = [];

const RUNNING: ReadonlySet<AnswerStatus> = new Set(["queued", "waiting", "streaming", "stopping"]);

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

/** The ids of a message and of those beside it, oldest first. */
export function siblingsOf(conversation: Conversation, message: Message): readonly string[] {
  return conversation.children[message.parent ?? ROOT] ?? NOBODY;
}

/** The newest message below this one: the leaf to show when a branch is turned to. */
export function newestBelow(conversation: Conversation, id: string): string {
  const newest = conversation.children[id]?.at(-1);
  return newest === undefined ? id : newestBelow(conversation, newest);
}

/** The answer that is on its way in the branch that is shown. */
export function runningAnswer(conversation: Conversation): Answer | null {
  const leaf = conversation.leaf === null ? undefined : conversation.messages[conversation.leaf];
  return leaf?.role === "model" && isRunning(leaf) ? leaf : null;
}

/** Whether any answer of it is on its way. */
export function isBusy(conversation: Conversation): boolean {
  return Object.values(conversation.messages).some((message) => message.role === "model" && isRunning(message));
}
