// Merges the stored tree of a conversation into the one on the page. That one may hold answers on their way, and
// messages sent on a connection that broke before the server told their ids.

import type { ConversationTree, Message as Stored } from "../protocol/frames";
import { brokenOff } from "../text/problems";
import { type Answer, type Conversation, type Message, ROOT, runningAnswers } from "./conversation";
import { PLAIN, settingsFrom } from "./settings";

/** Merge a stored tree. A message that is not stored stays, after its stored siblings. */
export function merged(conversation: Conversation, tree: ConversationTree): Conversation {
  const merge = new Merge(conversation);
  for (const stored of tree.messages) merge.take(stored);
  const { messages, children } = merge;
  const newest = tree.messages.at(-1);
  const isFollowed = merge.brought && newest !== undefined && runningAnswers(conversation).length === 0;
  const isUnchanged = sameJson(conversation.settings, settingsFrom(conversation.kept));
  return {
    ...conversation,
    title: tree.title || conversation.title,
    settings: isUnchanged ? settingsFrom(tree.settings) : conversation.settings,
    kept: tree.settings,
    reading: { status: "done" },
    asOf: tree.updated,
    messages,
    children,
    leaf: isFollowed ? merge.idOf(newest.id) : conversation.leaf,
  };
}

class Merge {
  readonly messages: Record<string, Message>;
  /** Whether there was something that was not here. */
  brought = false;
  readonly #ids = new Map<string, string>();
  readonly #before: Conversation["children"];
  readonly #after: Record<string, string[]> = {};

  constructor({ messages, children }: Conversation) {
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
    const known = this.messages[this.idOf(stored.id)] ?? this.#twin(stored, parent);
    const id = known?.id ?? stored.id;
    this.#ids.set(stored.id, id);
    const at = parent ?? ROOT;
    this.#after[at] = [...(this.#after[at] ?? []), id];
    if (known?.stored === stored.id) return;
    if (known === null) this.brought = true;
    this.messages[id] = messageFrom(stored, id, parent, known);
  }

  /** The page's id of a stored message. */
  idOf(stored: string): string {
    return this.#ids.get(stored) ?? stored;
  }

  /** The message here that this one must be: it was on its way when the connection broke, and stands at the same place. */
  #twin(stored: Stored, parent: string | null): Message | null {
    for (const id of this.#before[parent ?? ROOT] ?? []) {
      const message = this.messages[id];
      if (message?.role !== stored.role || message.stored !== null) continue;
      if (message.role === "user" ? message.text === stored.text : message.status === "lost") return message;
    }
    return null;
  }
}

function messageFrom(stored: Stored, id: string, parent: string | null, known: Message | null): Message {
  if (stored.role === "user") return { role: "user", id, stored: stored.id, parent, text: stored.text };
  const answer = answerFrom(stored, id, parent ?? ROOT);
  if (known?.role !== "model") return answer;
  // The server ended it because the connection was gone. The reader is told that, not that it was stopped.
  const end = answer.status === "stopped" ? { status: known.status, problem: known.problem } : {};
  return { ...answer, ...end, settings: known.settings };
}

function answerFrom(
  { id: stored, text, thoughts, finish_reason, error, usage }: Stored,
  id: string,
  parent: string,
): Answer {
  const isStopped = finish_reason === "cancelled";
  return {
    role: "model",
    id,
    stored,
    parent,
    text,
    thoughts,
    settings: PLAIN,
    status: error !== null ? "failed" : isStopped ? "stopped" : "done",
    spent: usage,
    problem: error === null ? null : brokenOff(error),
  };
}

/** Whether two plain objects hold the same; names that are undefined count as absent. */
function sameJson(one: object, other: object): boolean {
  const sorted = (value: object) => JSON.stringify(Object.entries(value).sort());
  return sorted(one) === sorted(other);
}
