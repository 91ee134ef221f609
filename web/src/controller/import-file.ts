// Imports a file, however long: it is read here, and sent in parts that the server takes.

import type { ImportReport } from "../protocol/frames";
import { parsed, recordOf } from "../state/preferences";

/** The server takes 4 MiB at once, unless it is told otherwise. */
const PART_CHARS = 1_000_000;

export interface Imported {
  count: number;
  failed: readonly string[];
}

/** Not what is imported here. */
export class NoExport extends Error {}

type Send = (text: string) => Promise<ImportReport["conversations"]>;

/** Import the conversations in a text, in parts. Rejects with `NoExport`, and as `send` does. */
export async function importText(
  text: string,
  send: Send,
  onPart: (done: number, all: number) => void,
): Promise<Imported> {
  const read = parsed(text);
  const { conversations, folders = [], prompts = [] } = Array.isArray(read) ? { conversations: read } : recordOf(read);
  const all: unknown[] = Array.isArray(conversations) ? conversations : [read];
  if (all.length === 0 || !all.every(isConversation)) throw new NoExport();
  const failed: string[] = [];
  let count = 0;
  for (const part of partsOf(all)) {
    onPart(count + failed.length, all.length);
    for (const { id, title, error } of await send(JSON.stringify({ folders, prompts, conversations: part }))) {
      if (id === null) failed.push(`${title || "?"} (${error})`);
      else count += 1;
    }
  }
  return { count, failed };
}

function isConversation(value: unknown): boolean {
  const { mapping, messages } = recordOf(value);
  return typeof mapping === "object" || Array.isArray(messages);
}

/** The conversations in parts, each as long as a request may be; one that is longer by itself is a part of its own. */
function* partsOf(all: readonly unknown[]): Generator<unknown[]> {
  let part: unknown[] = [];
  let chars = 0;
  for (const conversation of all) {
    const size = JSON.stringify(conversation).length;
    if (part.length > 0 && chars + size > PART_CHARS) {
      yield part;
      part = [];
      chars = 0;
    }
    part.push(conversation);
    chars += size;
  }
  yield part;
}
