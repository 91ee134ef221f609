// How much of a chat its next question is asked with. The server takes the newest messages, up to a number of characters.

import { branchTo, type Conversation, isRunning, lastAnswer, type Message } from "./conversation";

export interface Context {
  /** How full it is, from 0 to 1. */
  full: number;
  /** The last message that is not part of it any more; null when all are part of it. */
  leftOut: string | null;
}

export const EMPTY_CONTEXT: Context = { full: 0, leftOut: null };

const counted = new WeakMap<Message, number>();
const contexts = new WeakMap<Conversation, { most: number; context: Context }>();

/** The context of the next question at the end of the branch that is shown; `most` characters go into it. */
export function contextOf(conversation: Conversation, most: number): Context {
  const known = contexts.get(conversation);
  if (known?.most === most) return known.context;
  const context = makeContext(conversation, most);
  contexts.set(conversation, { most, context });
  return context;
}

function makeContext(conversation: Conversation, most: number): Context {
  const messages = branchTo(conversation, lastAnswer(conversation)).filter(({ text }) => text !== "");
  let left = most;
  let from = messages.length;
  for (; from > 0; from--) {
    left -= charsOf(messages[from - 1] as Message);
    if (left < 0) break;
  }
  while (messages[from]?.role === "model") from++; // what is left of a cut chat begins with the person
  if (from === 0) return { full: (most - left) / most, leftOut: null };
  return { full: 1, leftOut: messages[from - 1]?.id ?? null };
}

/** Characters as the server counts them. */
function charsOf(message: Message): number {
  if (message.role === "model" && isRunning(message)) return message.text.length; // near enough, and it changes all the time
  const known = counted.get(message);
  if (known !== undefined) return known;
  let chars = 0;
  for (const _ of message.text) chars++;
  counted.set(message, chars);
  return chars;
}
