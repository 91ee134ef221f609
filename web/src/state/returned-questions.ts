// A question that the server refused before it kept it comes back into the box in which it was written.

import type { FrameDown } from "../protocol/frames";
import { isRefusal } from "../text/problems";
import { attached } from "./attachments";
import type { Answer, Conversation, Question } from "./conversation";
import { withoutQuestion } from "./conversation-tree";
import { draftOf, NEW_CHAT, withDraft, withEdit } from "./drafts";
import { without } from "./listing";
import { change, conversationWith, type State } from "./state";

/** Give back the questions that these frames refuse. One whose box is in use stays where it was asked. */
export function giveBackRefused(state: State, frames: readonly FrameDown[]): State {
  const refused = frames.flatMap((frame) => (frame.type === "error" && isRefusal(frame) && frame.id ? [frame.id] : []));
  return refused.reduce(giveBack, state);
}

/** Give back the question of an answer that was refused, unless it was asked in a box that does not exist any more. */
export function giveBack(state: State, id: string): State {
  const conversation = conversationWith(state, id);
  const answer = conversation?.messages[id];
  if (conversation === null || answer?.role !== "model" || answer.status !== "failed") return state;
  const question = conversation.messages[answer.parent];
  if (question?.role !== "user" || question.stored !== null) return state;
  if (conversation.children[question.id]?.length !== 1 || conversation.leaf !== id) return state;
  const rest = withoutQuestion(conversation, question);
  if (question.replaces !== null) return intoEditor(state, rest, question, question.replaces, answer);
  const isEmpty = Object.keys(rest.messages).length === 0 && conversation.id !== conversation.stored;
  return isEmpty ? asNew(state, conversation, question, answer) : intoBox(state, rest, question, answer);
}

function intoEditor(state: State, rest: Conversation, question: Question, edited: string, answer: Answer): State {
  if (draftOf(state, rest.id).edits[edited] !== undefined || !(edited in rest.messages)) return state;
  const changing = change(state, rest.id, () => rest);
  return withReason(withEdit(changing, rest.id, edited, question.text), edited, answer);
}

function intoBox(state: State, rest: Conversation, question: Question, answer: Answer): State {
  if (isInUse(state, rest.id)) return state;
  const changing = change(state, rest.id, () => rest);
  const files = question.files.map(attached);
  return withReason(withDraft(changing, rest.id, { text: question.text, files }), rest.id, answer);
}

/** A chat of which nothing is left was never begun: its question and its settings are those of the new chat again. */
function asNew(state: State, { id, settings }: Conversation, question: Question, answer: Answer): State {
  if (isInUse(state, NEW_CHAT)) return state;
  const own = draftOf(state, id);
  const { [id]: _, ...drafts } = state.drafts;
  const left = {
    ...state,
    drafts,
    fresh: settings,
    shown: state.shown === id ? null : state.shown,
    conversations: state.conversations.filter((c) => c.id !== id),
    list: without(state.list, id),
    found: state.found && without(state.found, id),
  };
  const text = own.text === "" ? question.text : `${question.text}\n\n${own.text}`;
  const files = [...question.files.map(attached), ...own.files];
  return withReason(withDraft(left, NEW_CHAT, { text, files }), NEW_CHAT, answer);
}

function isInUse(state: State, chat: string): boolean {
  const { text, files } = draftOf(state, chat);
  return text !== "" || files.length > 0;
}

function withReason(state: State, place: string, { problem, settings }: Answer): State {
  return problem === null ? state : { ...state, returned: { ...state.returned, [place]: { problem, settings } } };
}
