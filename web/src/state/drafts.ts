// What is written and not sent: in the message box of each chat, and in the boxes in which its questions are edited.

import type { Attachment } from "./attachments";
import type { State } from "./state";

/** The place of the chat that has no message yet. */
export const NEW_CHAT = "";

export interface Draft {
  /** What stands in the message box. */
  text: string;
  /** What stands in the boxes of questions that are being edited, by the ids of those. */
  edits: Readonly<Record<string, string>>;
  /** The files that are asked with what stands in the message box. */
  files: readonly Attachment[];
  /** Whether it is sent as soon as the server has the files. */
  waits: boolean;
}

export const NO_DRAFT: Draft = { text: "", edits: {}, files: [], waits: false };

/** The draft of a chat, by the page's id of that or `NEW_CHAT`. */
export function draftOf({ drafts }: State, chat: string): Draft {
  return drafts[chat] ?? NO_DRAFT;
}

export function isEmpty({ text, edits, files }: Draft): boolean {
  return text === "" && files.length === 0 && Object.keys(edits).length === 0;
}

/** Change the draft of a chat; one that is empty then is dropped. */
export function withDraft(state: State, chat: string, changes: Partial<Draft>): State {
  const draft = { ...draftOf(state, chat), ...changes };
  const { [chat]: _, ...others } = state.drafts;
  return { ...state, drafts: isEmpty(draft) ? others : { ...others, [chat]: draft } };
}

/** Change what stands in the box of an edited question; null when the editing has ended. */
export function withEdit(state: State, chat: string, question: string, text: string | null): State {
  const { [question]: _, ...others } = draftOf(state, chat).edits;
  return withDraft(state, chat, { edits: text === null ? others : { ...others, [question]: text } });
}
