// Whether the reader writes at the moment: then nothing may take the focus that they have not asked for just now.

/** The text box outside of dialogs in which the last thing was written, until the reader does something else. */
let writtenIn: EventTarget | null = null;
/** Before this part of the page was there, only the browser has counted what was written. */
let isKnown = false;

/** Whether the last thing that the reader did was to write. */
export function isWriting(): boolean {
  const { activeElement } = document;
  if (isKnown) return activeElement !== null && activeElement === writtenIn;
  return activeElement instanceof HTMLTextAreaElement && (performance.eventCounts?.get("input") ?? 0) > 0;
}

function onInput({ target }: Event): void {
  note(target instanceof Element && target.closest("dialog") === null ? target : null);
}

function onKeyDown({ key, ctrlKey, metaKey }: KeyboardEvent): void {
  if (ctrlKey || metaKey || key === "Enter") note(null); // a shortcut, or what was written is sent
}

function note(target: EventTarget | null): void {
  writtenIn = target;
  isKnown = true;
}

document.addEventListener("input", onInput, true);
document.addEventListener("keydown", onKeyDown, true);
for (const act of ["pointerdown", "click"]) document.addEventListener(act, () => note(null), true);
