// Puts what is dictated at the end of what stands in the message box.

export interface Dictated {
  /** The text with what was dictated. */
  text: string;
  /** The text before that part of the transcript which may still change. */
  before: string;
  /** All that was recognised, as it was last reported. */
  transcript: string;
  /** The beginning of the transcript that stands in `before`. */
  done: string;
}

export function nothingDictated(text: string): Dictated {
  return { text, before: text, transcript: "", done: "" };
}

/** Put in a new transcript. Changes that were made by hand to `text` stay: only what is new is added to it then. */
export function withTranscript(last: Dictated, text: string, transcript: string): Dictated {
  const isChanged = text !== last.text;
  const before = isChanged ? text : last.before;
  const done = isChanged ? last.transcript : last.done;
  const added = after(transcript, done).trimStart();
  const gap = before === "" || /\s$/.test(before) ? "" : " ";
  return { text: added === "" ? before : before + gap + added, before, transcript, done };
}

/** The transcript from where it differs from what is done. */
function after(transcript: string, done: string): string {
  const before = Array.from(done);
  const characters = Array.from(transcript);
  const first = characters.findIndex((character, index) => character !== before[index]);
  return first === -1 ? "" : characters.slice(first).join("");
}
