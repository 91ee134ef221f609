// The texts that the browser keeps of what the server does not have: one of each draft, and one of each question.

import { type Problem, UNKNOWN_PROBLEM } from "../text/problems";
import { attached, filesIn, filesOf } from "./attachments";
import type { Conversation } from "./conversation";
import { type Draft, draftOf, isEmpty, NEW_CHAT, NO_DRAFT } from "./drafts";
import { parsed, recordOf, settingsIn } from "./preferences";
import { sameJson } from "./same-json";
import { changesFrom, type Settings } from "./settings";
import type { State } from "./state";
import { type UnstoredTurn, unstoredTurnsIn } from "./unstored-turns";

/** One more whenever what was kept before is to be read in another way. */
const VERSION = 1;

/** What is kept of one chat's draft, settings included that the server does not have. */
export interface KeptDraft extends Draft {
  settings: Settings | null;
}

/** A draft as it is kept: with the files that the server has. */
function keptDraft({ text, edits, files }: Draft): Draft {
  return { text, edits, files: filesOf(files).map(attached), waits: false };
}

/** What is to be kept of a conversation: the content of its draft, if any, and of its questions, by their ids. */
export interface KeptOf {
  chat: string;
  draft: KeptDraft | null;
  unstored: readonly UnstoredTurn[];
}

export function keptOf(conversation: Conversation, draft: Draft): KeptOf {
  const { id, stored, messages, settings, saved } = conversation;
  const storedId = (question: string) => messages[question]?.stored ?? question;
  const edits = Object.fromEntries(Object.entries(draft.edits).map(([at, text]) => [storedId(at), text]));
  const changed = stored !== null && changesFrom(saved, settings) !== null ? settings : null;
  return {
    chat: stored ?? id,
    draft: worthKeeping({ ...keptDraft({ ...draft, edits }), settings: changed }),
    unstored: unstoredTurnsIn(conversation),
  };
}

/** What is to be kept of the chat that has no message yet. */
export function keptOfNew(state: State): KeptDraft | null {
  const isChanged = !sameJson(state.fresh, state.preferences.defaults);
  return worthKeeping({ ...keptDraft(draftOf(state, NEW_CHAT)), settings: isChanged ? state.fresh : null });
}

/** What is to be kept of a chat that is not here: what the browser has of it already. */
export function keptOfUnread(state: State, chat: string): KeptDraft | null {
  return worthKeeping({ ...keptDraft(draftOf(state, chat)), settings: state.settings[chat] ?? null });
}

function worthKeeping(draft: KeptDraft): KeptDraft | null {
  return isEmpty(draft) && draft.settings === null ? null : draft;
}

/** The text to keep. `owner` is the page that may send what is queued; `at` tells what is oldest. */
export function textOf(content: KeptDraft | UnstoredTurn, owner: string, at: number): string {
  return JSON.stringify({ version: VERSION, owner, at, content });
}

/** What was kept, by whom and when; null when the text cannot be read. */
export function keptIn(text: string | null): { content: Record<string, unknown>; owner: string; at: number } | null {
  const { version, owner, at, content } = recordOf(parsed(text));
  if (version !== VERSION || typeof owner !== "string" || typeof at !== "number") return null;
  return { content: recordOf(content), owner, at };
}

/** A draft from what was kept. */
export function draftIn({ text, edits, files, settings }: Record<string, unknown>): KeptDraft {
  const written = Object.entries(recordOf(edits)).filter((edit): edit is [string, string] => isText(edit[1]));
  return {
    text: isText(text) ? text : NO_DRAFT.text,
    edits: Object.fromEntries(written),
    files: filesIn(files).map(attached),
    waits: false,
    settings: settings ? settingsIn(settings) : null,
  };
}

/** A question from what was kept; null when something is missing. */
export function unstoredTurnFrom(content: Record<string, unknown>): UnstoredTurn | null {
  const [conversation, question, answer] = [content.conversation, content.question, content.answer].map(recordOf);
  if (!conversation || !question || !answer) return null;
  const texts = [conversation.id, conversation.title, question.id, question.text, answer.id, answer.status];
  const ids = [conversation.stored, question.stored, question.parent];
  if (!texts.every(isText) || !ids.every((id) => id === null || isText(id))) return null;
  return {
    conversation: { ...conversation, settings: settingsIn(conversation.settings) },
    question: { ...question, files: filesIn(question.files) },
    answer: { ...answer, settings: settingsIn(answer.settings), problem: problemIn(answer.problem) },
  } as unknown as UnstoredTurn;
}

/** Of one that cannot be read, as of another version of the page, no more is told than that there was one. */
function problemIn(value: unknown): Problem | null {
  if (value === null || value === undefined) return null;
  const { sentence, advice } = recordOf(value);
  const isWhole = isSentence(sentence) && Array.isArray(advice) && advice.every(isSentence);
  return isWhole ? (value as Problem) : UNKNOWN_PROBLEM;
}

function isSentence(value: unknown): boolean {
  return isText(recordOf(value).say);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
