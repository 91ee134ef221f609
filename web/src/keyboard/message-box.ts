/** The id of the box in which messages are written. */
export const MESSAGE_BOX = "message";

export function toMessageBox(): void {
  document.getElementById(MESSAGE_BOX)?.focus();
}
