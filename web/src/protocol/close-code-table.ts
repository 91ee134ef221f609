// Made by `make frames` from server/deltawire/protocol/close_codes.py.
import type { CloseReason } from "./close-codes";

export const CLOSE_CODES: Readonly<Record<number, CloseReason>> = {
  1000: {
    sentence: "The server closed the connection.",
    reconnect: "soon",
  },
  1001: {
    sentence: "The connection was closed because nothing was said for a while.",
    reconnect: "when_needed",
  },
  1002: {
    sentence: "The connection was closed: something in between broke its protocol.",
    reconnect: "soon",
  },
  1003: {
    sentence: "The connection was closed: something in between does not take text.",
    reconnect: "soon",
  },
  1006: {
    sentence: "The connection broke.",
    reconnect: "soon",
  },
  1007: {
    sentence: "The connection was closed: what was sent was not readable text.",
    reconnect: "soon",
  },
  1008: {
    sentence: "The server closed the connection: too many messages at once.",
    reconnect: "later",
  },
  1009: {
    sentence: "The server closed the connection: the message was too large for it.",
    advice: "Shorten it, or send it in parts.",
    reconnect: "soon",
  },
  1011: {
    sentence: "The connection was closed after a fault in the server.",
    reconnect: "soon",
  },
  1012: {
    sentence: "The server was restarted.",
    reconnect: "soon",
  },
  1013: {
    sentence: "The server was too busy for a connection.",
    reconnect: "later",
  },
  4008: {
    sentence: "The connection was closed: this page read too slowly.",
    reconnect: "soon",
  },
  4401: {
    sentence: "The connection was closed: its token is no longer valid.",
    reconnect: "soon",
  },
};
