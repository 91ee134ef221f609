// Puts what is dictated at the end of what stands in the message box.

export interface Dictated {
  /** The text with what was dictated. */
  text: string;
  /** The text before what may still be heard in another way. */
  before: string;
  /** All that was heard. */
  heard: string;
  /** What was heard and stands in `before`. */
  done: string;
}

export function nothingDictated(text: string): Dictated {
  return { text, before: text, heard: "", done: "" };
}

/** The same with all that is `heard` now. What was changed by hand since stays, and only what is new is added to it. */
export function withHeard(last: Dictated, text: string, heard: string): Dictated {
  const isChanged = text !== last.text;
  const before = isChanged ? text : last.before;
  const done = isChanged ? last.heard : last.done;
  const added = after(heard, done).trimStart();
  const gap = before === "" || /\s$/.test(before) ? "" : " ";
  return { text: added === "" ? before : before + gap + added, before, heard, done };
}

/** What is heard after what is done; where that was heard in another way, from there on. */
function after(heard: string, done: string): string {
  const before = Array.from(done);
  const characters = Array.from(heard);
  const same = characters.findIndex((character, index) => character !== before[index]);
  return same === -1 ? "" : characters.slice(same).join("");
}
