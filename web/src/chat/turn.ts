import type { HistoryMessage } from "../frames";
import type { Turn } from "../link/socket";
import { fieldsOf, type Settings } from "./settings";

/** The frame that asks a question. Its history is always given, so that the socket's own memory plays no part. */
export function turnOf(id: string, message: string, history: HistoryMessage[], settings: Settings): Turn {
  return { type: "chat", id, message, history, ...fieldsOf(settings) };
}
