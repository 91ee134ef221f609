// The files that stand in a message box, to be asked with the message.

import type { ShownFile } from "../protocol/frames";

export interface Attachment {
  /** The page's own name for it. */
  key: string;
  name: string;
  type: string;
  size: number;
  /** Its id at the server; null until it is there. */
  id: string | null;
  /** How much of it was sent, from 0 to 1. */
  progress: number;
  /** Why it is not there, as a sentence; null while it may be yet. */
  refusal: string | null;
  /** Whether it may be taken when it is sent again. */
  mayPass: boolean;
}

/** A file that the server has, as one that stands in a box. */
export function attached({ id, name, type, size }: ShownFile): Attachment {
  return { key: id, name, type, size, id, progress: 1, refusal: null, mayPass: false };
}

/** Those of them that the server has. */
export function filesOf(attachments: readonly Attachment[]): ShownFile[] {
  return attachments.flatMap(({ id, name, type, size }) => (id === null ? [] : [{ id, name, type, size }]));
}

/** Files from a value that was kept; what is none is left out. */
export function filesIn(value: unknown): ShownFile[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (it) => [it?.id, it?.name, it?.type].every((text) => typeof text === "string") && typeof it.size === "number",
  );
}
