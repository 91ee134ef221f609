// Imports a file, however long: it is read here, and sent in parts that the server takes.

import { Refusal } from "../connection/api";
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

type Reports = ImportReport["conversations"];
type Send = (text: string) => Promise<Reports>;

/** Import what a text holds, in parts. Rejects with `NoExport`, and as `send` does. */
export async function importText(
  text: string,
  send: Send,
  onPart: (done: number, all: number) => void,
): Promise<Imported> {
  const read = parsed(text);
  const { conversations, folders, prompts } = Array.isArray(read) ? { conversations: read } : recordOf(read);
  const all: unknown[] = Array.isArray(conversations) ? conversations : [read];
  const library = { folders: listOf(folders), prompts: listOf(prompts) };
  const hasLibrary = library.folders.length + library.prompts.length > 0;
  if (!all.some(isConversation) && !(all.length === 0 && hasLibrary)) throw new NoExport();
  const failed: string[] = [];
  let count = 0;
  for (const part of partsOf(all)) {
    onPart(count + failed.length, all.length);
    for (const { id, title, error } of await reportsOn(part, library, send)) {
      if (id === null) failed.push(`${title || "?"} (${error})`);
      else count += 1;
    }
    library.prompts = []; // once is enough; the folders belong to the conversations of each part
  }
  return { count, failed };
}

/** Send a part; where the server does not take so much, send its halves. A conversation that is too large is one that failed. */
async function reportsOn(part: readonly unknown[], library: object, send: Send): Promise<Reports> {
  try {
    return await send(JSON.stringify({ ...library, conversations: part }));
  } catch (fault) {
    if (part.length === 0 || !(fault instanceof Refusal) || fault.problem.code !== "message_too_large") throw fault;
    const { code, message } = fault.problem;
    if (part.length === 1) return [{ title: titleIn(part[0]), id: null, code, error: message }];
    const half = part.length >> 1;
    const first = await reportsOn(part.slice(0, half), library, send);
    return [...first, ...(await reportsOn(part.slice(half), library, send))];
  }
}

function isConversation(value: unknown): boolean {
  const { mapping, messages } = recordOf(value);
  return typeof mapping === "object" || Array.isArray(messages);
}

function titleIn(conversation: unknown): string {
  const { title } = recordOf(conversation);
  return typeof title === "string" ? title : "";
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
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
