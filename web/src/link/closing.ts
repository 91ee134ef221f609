// What it means that a socket closed, and what to do then. docs/protocol.md has the codes.

export interface Closing {
  /** What happened, as a sentence. */
  sentence: string;
  /** What to do about a question that it left without an answer, if that is more than to ask again. */
  advice?: string;
  /**
   * When to connect again: `soon` with the usual back-off, `later` no sooner than after LATER_MS, `when_needed` only
   * when there is something to send.
   */
  again: "soon" | "later" | "when_needed";
}

export const LATER_MS = 5_000;

const CODES: Readonly<Record<number, Closing>> = {
  1000: { sentence: "The server closed the connection.", again: "soon" },
  1001: { sentence: "The connection was closed because nothing was said for a while.", again: "when_needed" },
  1002: { sentence: "The connection was closed: something in between broke its protocol.", again: "soon" },
  1003: { sentence: "The connection was closed: something in between does not take text.", again: "soon" },
  1006: { sentence: "The connection broke.", again: "soon" },
  1007: { sentence: "The connection was closed: what was sent was not readable text.", again: "soon" },
  1008: { sentence: "The server closed the connection: too many messages at once.", again: "later" },
  1009: {
    sentence: "The server closed the connection: the message was too large for it.",
    advice: "Shorten it, or send it in parts.",
    again: "soon",
  },
  1011: { sentence: "The connection was closed after a fault in the server.", again: "soon" },
  1012: { sentence: "The server is restarting.", again: "soon" },
  1013: { sentence: "The server is too busy for a connection.", again: "later" },
  4008: { sentence: "The connection was closed: this page read too slowly.", again: "soon" },
};

export function closingOf(code: number): Closing {
  return CODES[code] ?? { sentence: `The server closed the connection (code ${code}).`, again: "soon" };
}
