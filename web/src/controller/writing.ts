// Knows whether the reader writes at the moment: then nothing may take the focus that they have not asked for just now.

import type { ChatController } from "./chat-controller";

export class Writing {
  /** The text box outside of dialogs in which the last thing was written, until the reader does something else. */
  #box: EventTarget | null = null;
  /** Before the first thing that the reader did, only the browser has counted what was written. */
  #isKnown = false;

  constructor() {
    document.addEventListener("input", (event) => this.#onInput(event), true);
    document.addEventListener("keydown", (event) => this.#onKeyDown(event), true);
    for (const act of ["pointerdown", "click"]) document.addEventListener(act, () => this.#note(null), true);
  }

  /** Whether the last thing that the reader did was to write. */
  isWriting(): boolean {
    const { activeElement } = document;
    if (this.#isKnown) return activeElement !== null && activeElement === this.#box;
    return activeElement instanceof HTMLTextAreaElement && (performance.eventCounts?.get("input") ?? 0) > 0;
  }

  #onInput({ target }: Event): void {
    this.#note(target instanceof Element && target.closest("dialog") === null ? target : null);
  }

  #onKeyDown({ key, ctrlKey, metaKey }: KeyboardEvent): void {
    if (ctrlKey || metaKey || key === "Enter") this.#note(null); // a shortcut, or what was written is sent
  }

  #note(box: EventTarget | null): void {
    this.#box = box;
    this.#isKnown = true;
  }
}

/** The chat's, made when it is first asked for: it is no part of the first paint. */
export function writingOf(chat: ChatController): Writing {
  chat.writing ??= new Writing();
  return chat.writing;
}
