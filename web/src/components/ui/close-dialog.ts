/**
 * Close a modal dialog. The browser gives the focus back to what had it before. Where that is a text box, Chromium
 * leaves the caret in the dialog, and the box takes no text until it is focused again.
 */
export function closeDialog(dialog: HTMLDialogElement): void {
  if (!dialog.open) return;
  dialog.close();
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLTextAreaElement || activeElement instanceof HTMLInputElement)) return;
  activeElement.blur();
  activeElement.focus();
}
