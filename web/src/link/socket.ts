// The typed client of the socket: it connects, comes back, and keeps what is sent while the link is down.

import { type CloseReason, closeReasonOf } from "../protocol/close-codes";
import type { FrameDown, FrameUp } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import type { Api } from "./api";
import { BACK_OFF, type BackOff, delayAfter } from "./back-off";
import { whyRefused } from "./probe";
import type { Token } from "./token";

export type LinkState =
  | { status: "connecting" }
  | { status: "open" }
  /** Closed, and opened again when there is something to send. */
  | { status: "resting" }
  /** The server takes no link without a token, or not with this one; opened again with another. */
  | { status: "locked"; why: string }
  /** Down; `retryAt` in milliseconds since the epoch. */
  | { status: "waiting"; why: string; retryAt: number };

export interface Listener {
  /** The link is in another state. */
  onState(state: LinkState): void;
  onFrame(frame: FrameDown): void;
  /** These turns, queued until now, were handed to the socket. */
  onSent(turns: readonly string[]): void;
  /** An open link broke: every turn that was handed to it is lost. */
  onLost(reason: CloseReason): void;
}

const SUBPROTOCOL = "deltawire.v1";
/** A browser lets no page set a header of the handshake; the server reads the token from here instead. */
const BEARER = "bearer.";
const GIVEN_UP: CloseReason = { sentence: "The connection was given up for another one.", reconnect: "soon" };
/** How long to stay away at least from a server that asks for that. */
const LATER_MS = 5_000;
/** A server that accepts and then closes at once is no reason to hurry. */
const STEADY_MS = 5_000;
/** A server that is there has opened a link by then, or told how a stopped turn ended; its store may take 10 s. */
const PATIENCE_MS = 15_000;

export class ChatSocket {
  readonly #url: string;
  readonly #api: Api;
  readonly #token: Token;
  readonly #listener: Listener;
  readonly #backOff: BackOff;
  readonly #patienceMs: number;
  #socket: WebSocket | null = null;
  #queue: TurnRequest[] = [];
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;
  #locked = false;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(
    origin: string,
    api: Api,
    token: Token,
    listener: Listener,
    backOff: BackOff = BACK_OFF,
    patienceMs = PATIENCE_MS,
  ) {
    this.#url = `${origin.replace(/^http/, "ws")}/ws`;
    this.#api = api;
    this.#token = token;
    this.#listener = listener;
    this.#backOff = backOff;
    this.#patienceMs = patienceMs;
  }

  /** Connect now, if there is no link and none is being made. */
  connect(): void {
    this.#wanted = true;
    this.#clearTimer();
    if (this.#socket !== null || this.#locked) return;
    this.#listener.onState({ status: "connecting" });
    const { value: token } = this.#token;
    const socket = new WebSocket(this.#url, token === null ? SUBPROTOCOL : [SUBPROTOCOL, BEARER + token]);
    this.#socket = socket;
    let openedAt: number | null = null;
    const opening = setTimeout(() => socket.close(), this.#patienceMs);
    socket.addEventListener("open", () => {
      clearTimeout(opening);
      openedAt = performance.now();
      this.#listener.onState({ status: "open" });
      this.#flush();
    });
    socket.addEventListener("message", ({ data }) => {
      clearTimeout(this.#overdue);
      this.#listener.onFrame(JSON.parse(data));
    });
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(opening);
      if (this.#socket !== socket) return;
      this.#socket = null;
      clearTimeout(this.#overdue);
      if (openedAt === null) void this.#refused();
      else this.#closed(closeReasonOf(code), performance.now() - openedAt);
    });
  }

  /** Connect if the link only rests. */
  wake(): void {
    if (this.#timer === undefined) this.connect();
  }

  /** Close for good. */
  close(): void {
    this.#wanted = false;
    this.#clearTimer();
    clearTimeout(this.#overdue);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Close and connect again, to reach another server than one that is about to stop. */
  reconnect(): void {
    const wasOpen = this.#socket?.readyState === WebSocket.OPEN;
    this.close();
    if (wasOpen) this.#listener.onLost(GIVEN_UP);
    this.connect();
  }

  /** Use the token that there is now: on the open link, so that no turn is lost, else for a new one. */
  renew(): void {
    this.#locked = false;
    const { value: token } = this.#token;
    if (token !== null && this.#socket?.readyState === WebSocket.OPEN) this.#send({ type: "auth", token });
    else this.connect();
  }

  /** Start a turn, now or as soon as the link is up. */
  ask(turn: TurnRequest): void {
    this.#queue.push(turn);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#flush();
    else this.wake();
  }

  /** Forget a turn that was not sent yet. */
  withdraw(id: string): void {
    this.#queue = this.#queue.filter((turn) => turn.id !== id);
  }

  /** End a turn that was sent; a link on which nothing comes after that is given up. */
  cancel(id: string): void {
    this.#send({ type: "cancel", id });
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.reconnect(), this.#patienceMs);
  }

  #flush(): void {
    const turns = this.#queue;
    this.#queue = [];
    if (turns.length === 0) return;
    for (const turn of turns) this.#send(turn);
    this.#listener.onSent(turns.map(({ id }) => id));
  }

  #send(frame: FrameUp): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #closed(reason: CloseReason, openForMs: number): void {
    const { sentence, reconnect } = reason;
    if (openForMs >= STEADY_MS) this.#failures = 0;
    this.#listener.onLost(reason);
    if (reconnect === "when_needed" && this.#queue.length === 0) {
      this.#listener.onState({ status: "resting" });
    } else {
      this.#connectLater(sentence, reconnect === "later" ? LATER_MS : 0);
    }
  }

  async #refused(): Promise<void> {
    const asked = this.#token.value;
    const { why, locked } = await whyRefused(this.#api);
    if (!this.#wanted || this.#socket !== null) return;
    this.#locked = locked && asked === this.#token.value;
    if (this.#locked) this.#listener.onState({ status: "locked", why });
    else this.#connectLater(why, 0);
  }

  #connectLater(why: string, atLeastMs: number): void {
    const delay = Math.max(atLeastMs, delayAfter(this.#failures++, this.#backOff, Math.random()));
    this.#listener.onState({ status: "waiting", why, retryAt: Date.now() + delay });
    this.#clearTimer();
    this.#timer = setTimeout(() => this.connect(), delay);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
