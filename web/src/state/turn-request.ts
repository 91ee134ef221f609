import type { TurnRequest } from "../protocol/turn-request";
import { branchTo, type Conversation, type Question } from "./conversation";
import { fieldsOf, type Settings } from "./settings";

/**
 * The frame that asks a question of a kept conversation. It says itself where the question goes and with which
 * settings, so that what another tab has done meanwhile plays no part. The answer may go on for `grace` seconds
 * without this page.
 */
export function turnRequest(
  id: string,
  conversation: Conversation,
  question: Question,
  settings: Settings,
  grace: number,
): TurnRequest | null {
  if (conversation.stored === null) return null;
  const parent = placeOf(conversation, question) ?? conversation.stored;
  const fields = { ...fieldsOf(settings), ...(grace > 0 && { grace }), ...filesOf(question) };
  return { type: "chat", id, message: question.text, conversation: conversation.stored, parent, ...fields };
}

/** The frame that asks a question of a chat that is kept nowhere: it brings what was said, the newest of it. */
export function temporaryRequest(
  id: string,
  conversation: Conversation,
  question: Question,
  settings: Settings,
  historyChars: number | null,
): TurnRequest {
  const history: { role: "user" | "model"; text: string }[] = [];
  let room = historyChars ?? 0;
  for (const { role, text } of branchTo(conversation, question.parent).reverse()) {
    room -= text.length;
    if (room < 0) break;
    if (text !== "") history.unshift({ role, text });
  }
  while (history[0]?.role === "model") history.shift();
  return { type: "chat", id, message: question.text, history, ...fieldsOf(settings), ...filesOf(question) };
}

function filesOf({ files }: Question): { files?: string[] } {
  return files.length > 0 ? { files: files.map(({ id }) => id) } : {};
}

/** The stored id of the question itself, which is asked again then, else of the nearest answer above it. */
function placeOf(conversation: Conversation, question: Question): string | null {
  const answers = branchTo(conversation, question.parent).filter(({ role }) => role === "model");
  return question.stored ?? answers.findLast(({ stored }) => stored !== null)?.stored ?? null;
}

/** Whether a question, or what it follows, was sent in a turn that ended before the server named its place. */
export function mayBeStored({ messages, children }: Conversation, question: Question): boolean {
  const isUnnamed = (id: string) => {
    const message = messages[id];
    return message?.role === "model" && ["lost", "failed"].includes(message.status) && message.stored === null;
  };
  const isAsked = question.stored === null && children[question.id]?.some(isUnnamed) === true;
  return isAsked || (question.parent !== null && isUnnamed(question.parent));
}
