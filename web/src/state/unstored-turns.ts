// Questions whose answers the server does not have: not sent yet, failed, or lost with a connection. The browser keeps
// them, so that a reload shows them where they were, with what became of them.

import type { ShownFile } from "../protocol/frames";
import { lostQuestion, type Problem, unanswered } from "../text/problems";
import { type Answer, branchTo, type Conversation, type Message, type Question, ROOT } from "./conversation";
import { emptyAnswer, withMessage } from "./conversation-tree";
import type { Settings } from "./settings";

/** `left` is queued in another page, which may be closed. */
type Status = "queued" | "left" | "sent" | "stopped" | "failed";

export interface UnstoredTurn {
  conversation: { id: string; stored: string | null; title: string; settings: Settings };
  /** Its `parent` is the stored id of the nearest answer above it. */
  question: { id: string; stored: string | null; parent: string | null; text: string; files: readonly ShownFile[] };
  answer: { id: string; settings: Settings; status: Status; problem: Problem | null };
}

/** The questions of a conversation that the server may not have, or whose ends it does not have. */
export function unstoredTurnsIn(conversation: Conversation): UnstoredTurn[] {
  return Object.values(conversation.messages).flatMap((question) => {
    const answer = conversation.messages[conversation.children[question.id]?.at(-1) ?? ""];
    if (question.role !== "user" || answer?.role !== "model" || answer.stored !== null) return [];
    return [record(conversation, question, answer)];
  });
}

function record(conversation: Conversation, question: Question, answer: Answer): UnstoredTurn {
  const { id, stored, title, settings } = conversation;
  const above = branchTo(conversation, question.parent).findLast((m) => m.role === "model" && m.stored !== null);
  const parent = above?.stored ?? null;
  return {
    conversation: { id, stored, title, settings },
    question: { id: question.id, stored: question.stored, parent, text: question.text, files: question.files },
    answer: { id: answer.id, settings: answer.settings, status: statusOf(answer), problem: answer.problem },
  };
}

function statusOf({ status, problem }: Answer): Status {
  if (status === "queued" || status === "stopped") return status;
  return problem === null ? "sent" : "failed";
}

/** Put questions back. Of a stored conversation the tree is here already: what it answers is not put back. */
export function withUnstoredTurns(conversation: Conversation, records: readonly UnstoredTurn[]): Conversation {
  return records.reduce(putBack, conversation);
}

function putBack(conversation: Conversation, record: UnstoredTurn): Conversation {
  const parent = idOf(conversation, record.question.parent);
  const here = find(conversation, record.question, parent);
  const below = here === null ? [] : (conversation.children[here.id] ?? []);
  if (below.length > 0) return conversation; // it was answered, or is here already
  if (here !== null && record.answer.status === "sent") return conversation; // its answer is looked for
  const leaf = conversation.leaf;
  const { id, stored, text, files } = record.question;
  const message = here ?? { role: "user", id, stored, parent, text, files, replaces: null };
  const withQuestion = here === null ? withMessage(conversation, message) : conversation;
  const changed = withMessage(withQuestion, answerOf(record, message.id));
  const isAtEnd = leaf === null || leaf === message.parent || leaf === message.id;
  return isAtEnd || record.answer.status === "queued" ? changed : { ...changed, leaf };
}

function answerOf({ answer }: UnstoredTurn, parent: string): Answer {
  const { id, settings } = answer;
  const plain = emptyAnswer(id, parent, settings);
  if (answer.status === "queued") return plain;
  if (answer.status === "stopped") return { ...plain, status: "stopped" };
  const problem = answer.problem === null ? lostQuestion(answer.status === "left") : unanswered(answer.problem);
  return { ...plain, status: "lost", problem };
}

/** The message of a stored id; null for the beginning of the chat, and for one that is not here any more. */
function idOf({ messages }: Conversation, stored: string | null): string | null {
  if (stored === null) return null;
  return Object.values(messages).find((message) => message.stored === stored)?.id ?? null;
}

/** The question of a record, if it is here: by its id, else by its place and its text. */
function find(conversation: Conversation, record: UnstoredTurn["question"], parent: string | null): Question | null {
  const isIt = (message: Message | undefined): message is Question =>
    message?.role === "user" &&
    (message.id === record.id ||
      (record.stored === null ? message.text === record.text : message.stored === record.stored));
  const ids = conversation.children[parent ?? ROOT] ?? [];
  return (
    ids
      .map((id) => conversation.messages[id])
      .filter(isIt)
      .at(-1) ?? null
  );
}
