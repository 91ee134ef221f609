import type { Chat } from "./frames";

/** A `chat` frame that names its turn. */
export type TurnRequest = Chat & { id: string };
