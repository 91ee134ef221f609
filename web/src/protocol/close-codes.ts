// What each close code of the socket means, and when to connect again. docs/protocol.md lists the codes.

export interface CloseReason {
  /** What happened, as a sentence. */
  sentence: string;
  /** What to do about a question that is left without an answer, if that is more than to ask again. */
  advice?: string;
  /**
   * When to connect again: `soon` with the usual back-off, `later` no sooner than some seconds from now, `when_needed`
   * only when there is something to send.
   */
  reconnect: "soon" | "later" | "when_needed";
}

const CODES: Readonly<Record<number, CloseReason>> = {
  1000: { sentence: "The server closed the connection.", reconnect: "soon" },
  1001: { sentence: "The connection was closed because nothing was said for a while.", reconnect: "when_needed" },
  1002: { sentence: "The connection was closed: something in between broke its protocol.", reconnect: "soon" },
  1003: { sentence: "The connection was closed: something in between does not take text.", reconnect: "soon" },
  1006: { sentence: "The connection broke.", reconnect: "soon" },
  1007: { sentence: "The connection was closed: what was sent was not readable text.", reconnect: "soon" },
  1008: { sentence: "The server closed the connection: too many messages at once.", reconnect: "later" },
  1009: {
    sentence: "The server closed the connection: the message was too large for it.",
    advice: "Shorten it, or send it in parts.",
    reconnect: "soon",
  },
  1011: { sentence: "The connection was closed after a fault in the server.", reconnect: "soon" },
  1012: { sentence: "The server is restarting.", reconnect: "soon" },
  1013: { sentence: "The server is too busy for a connection.", reconnect: "later" },
  4008: { sentence: "The connection was closed: this page read too slowly.", reconnect: "soon" },
};

export function closeReasonOf(code: number): CloseReason {
  return CODES[code] ?? { sentence: `The server closed the connection (code ${code}).`, reconnect: "soon" };
}
