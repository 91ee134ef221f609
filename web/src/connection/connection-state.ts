import type { ConnectFailure } from "../protocol/close-codes";

export type ConnectionState =
  | { status: "connecting" }
  | { status: "open" }
  /** Closed, and opened again when there is something to send. */
  | { status: "resting" }
  /** The server refuses a connection without a token, or with this one; opened again with another. */
  | { status: "locked"; why: ConnectFailure }
  /** Closed; `retryAt` in milliseconds since the epoch. */
  | { status: "waiting"; why: ConnectFailure; retryAt: number };
