import type { HistoryMessage } from "../frames";
import type { Turn } from "../link/socket";

/** What the reader chose for the next turns. */
export interface Choices {
  /** null for the server's default. */
  model: string | null;
  thinking: boolean;
}

/** The frame that asks a question. Its history is always given, so that the socket's own memory plays no part. */
export function turnOf(id: string, message: string, history: HistoryMessage[], { model, thinking }: Choices): Turn {
  return {
    type: "chat",
    id,
    message,
    history,
    ...(model === null ? {} : { model }),
    ...(thinking ? { thinking: "medium" as const } : {}),
  };
}
