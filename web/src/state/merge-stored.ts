// Merges the stored tree of a conversation into the one on the page. That one may hold answers on their way, and
// messages sent on a connection that broke before the server told their ids.

import type { ConversationTree, LiveRun, Message as Stored } from "../protocol/frames";
import { brokenOff } from "../text/problems";
import { cutShort } from "../text/run-problems";
import {
  type Answer,
  branchTo,
  type Conversation,
  isRunning,
  lastAnswer,
  type Message,
  type Question,
  ROOT,
} from "./conversation";
import { mayBe, withRuns } from "./merge-runs";
import { sameJson } from "./same-json";
import { PLAIN, settingsFrom } from "./settings";
import { partsIn } from "./stored-parts";

/** Merge a stored tree. A message that is not stored stays, after its stored siblings. */
export function merged(conversation: Conversation, tree: ConversationTree): Conversation {
  return withRuns(withMessages(conversation, tree), tree.runs ?? []);
}

function withMessages(conversation: Conversation, tree: ConversationTree): Conversation {
  const merge = new Merge(conversation, tree.runs ?? []);
  for (const stored of tree.messages) merge.take(stored);
  const isFirst = conversation.reading.status !== "done";
  const isUnchanged = sameJson(conversation.settings, settingsFrom(conversation.saved));
  const read: Conversation = {
    ...conversation,
    title: tree.title || conversation.title,
    settings: isUnchanged ? settingsFrom(tree.settings) : conversation.settings,
    saved: tree.settings,
    reading: { status: "done" },
    asOf: tree.updated,
    messages: merge.messages,
    children: merge.children,
  };
  const newest = tree.messages.at(-1);
  if (isFirst) return withEarlyQuestions(conversation, { ...read, leaf: newest ? merge.idOf(newest.id) : read.leaf });
  return merge.newest === null ? read : withNews(read, merge.newest);
}

/** Show what continues the branch that is shown. What was written in another one is news, which the reader may turn to. */
function withNews(conversation: Conversation, newest: string): Conversation {
  const { leaf } = conversation;
  const continues = leaf === null || branchTo(conversation, newest).some(({ id }) => id === leaf);
  return continues ? { ...conversation, leaf: newest } : { ...conversation, news: newest };
}

/** What was asked while the chat was being read follows its last answer. */
function withEarlyQuestions(before: Conversation, read: Conversation): Conversation {
  const isEarly = (id: string) => read.messages[id]?.stored === null;
  const early = (before.children[ROOT] ?? []).filter(isEarly);
  const parent = lastAnswer(read);
  if (early.length === 0) return read;
  const messages = { ...read.messages };
  for (const id of early) messages[id] = { ...(messages[id] as Question), parent };
  const others = (read.children[ROOT] ?? []).filter((id) => !early.includes(id));
  const children: Record<string, readonly string[]> = { ...read.children, [ROOT]: others };
  const at = parent ?? ROOT;
  children[at] = [...(children[at] ?? []), ...early];
  return { ...read, messages, children, leaf: before.leaf };
}

class Merge {
  readonly messages: Record<string, Message>;
  /** The last message that was not here. */
  newest: string | null = null;
  readonly #ids = new Map<string, string>();
  readonly #before: Conversation["children"];
  readonly #after: Record<string, string[]> = {};
  readonly #runs: readonly LiveRun[];

  constructor({ messages, children }: Conversation, runs: readonly LiveRun[]) {
    this.#runs = runs;
    this.messages = { ...messages };
    this.#before = children;
    for (const { id, stored } of Object.values(messages)) if (stored !== null) this.#ids.set(stored, id);
  }

  get children(): Record<string, readonly string[]> {
    const children: Record<string, readonly string[]> = { ...this.#after };
    for (const [parent, ids] of Object.entries(this.#before)) {
      children[parent] = [...new Set([...(this.#after[parent] ?? []), ...ids])];
    }
    return children;
  }

  take(stored: Stored): void {
    const parent = stored.parent && this.idOf(stored.parent);
    const known = this.messages[this.idOf(stored.id)] ?? this.#pendingMatch(stored, parent);
    const id = known?.id ?? stored.id;
    this.#ids.set(stored.id, id);
    const at = parent ?? ROOT;
    this.#after[at] = [...(this.#after[at] ?? []), id];
    if (known?.stored === stored.id) return;
    if (known === null) this.newest = id;
    this.messages[id] = messageFrom(stored, id, parent, known);
  }

  /** The page's id of a stored message. */
  idOf(stored: string): string {
    return this.#ids.get(stored) ?? stored;
  }

  /** The message here that this one must be: it was on its way when the connection broke, and stands at the same place. */
  #pendingMatch(stored: Stored, parent: string | null): Message | null {
    for (const id of this.#before[parent ?? ROOT] ?? []) {
      const message = this.messages[id];
      if (message?.role !== stored.role || message.stored !== null) continue;
      if (message.role === "user" ? message.text === stored.text : mayBe(message, stored, this.#runs)) return message;
    }
    return null;
  }
}

function messageFrom(stored: Stored, id: string, parent: string | null, known: Message | null): Message {
  if (stored.role === "user") {
    const { id: at, text, files = [], created } = stored;
    return { role: "user", id, stored: at, parent, text, files, replaces: null, created };
  }
  const answer = answerFrom(stored, id, parent ?? ROOT);
  if (known?.role !== "model") return answer;
  // The server ended it because the connection was gone. The reader is told that, not that it was stopped.
  const end = answer.status === "stopped" ? cutOff(known) : {};
  return { ...answer, ...end, settings: known.settings };
}

function cutOff(known: Answer): Partial<Answer> {
  if (known.status === "stopping") return {};
  const { status, problem } = known;
  return isRunning(known) ? { status: "lost", problem: cutShort() } : { status, problem };
}

function answerFrom(message: Stored, id: string, parent: string): Answer {
  const { id: stored, text, thoughts, finish_reason, error, usage, created } = message;
  const isStopped = finish_reason === "cancelled";
  return {
    role: "model",
    id,
    stored,
    parent,
    text,
    thoughts,
    parts: partsIn(message),
    settings: PLAIN,
    run: null,
    status: error !== null ? "failed" : isStopped ? "stopped" : "done",
    usage,
    problem: error === null ? null : brokenOff(error),
    created,
  };
}
