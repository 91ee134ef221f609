// The typed client of the socket: it connects, reconnects, and queues what is sent while there is no connection.

import { type CloseReason, type ConnectFailure, closeReasonOf } from "../protocol/close-codes";
import type { FrameDown, FrameUp } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import type { Api } from "./api";
import { BACK_OFF, type BackOff, delayAfter } from "./back-off";
import type { ConnectionState } from "./connection-state";
import { CHECK_TIMING, type CheckTiming, LinkCheck } from "./link-check";
import { PATHS } from "./paths";
import type { HandshakeRefusal } from "./probe";
import type { Token } from "./token";

export interface SocketListener {
  /** The connection has changed its state. */
  onState(state: ConnectionState): void;
  onFrame(frame: FrameDown): void;
  /** These queued turns were handed to the socket. */
  onSent(turns: readonly string[]): void;
  /** An open connection was closed: nothing more of a turn that was handed to it comes over this one. */
  onLost(reason: CloseReason): void;
}

const SUBPROTOCOL = "deltawire.v1";
/** A page cannot set a header of the handshake, so the server reads the token from a subprotocol. */
const BEARER = "bearer.";
const GIVEN_UP: CloseReason = { code: "given_up", reconnect: "soon" };
const SILENT: CloseReason = { code: "silent", reconnect: "soon" };
const UNREACHABLE: HandshakeRefusal = { status: null, locked: false };
/** No turn has this id, so a `cancel` of it is answered at once, and changes nothing. */
const PROBE = "is-anybody-there";
/** Refusals of a frame about a turn that say nothing of the turn. */
const STILL_RUNS: ReadonlySet<string> = new Set(["unknown_turn", "duplicate_turn"]);
/** What a connection is closed with that is replaced by another. Its answers shall go on: 1000 would end them. */
const REPLACED = 4000;
/** How long to stay away at least from a server that asks for that. */
const LATER_MS = 5_000;
/** Only a connection that lasted this long resets the back-off: a server may accept, then close at once. */
const STEADY_MS = 5_000;

/** How long to wait: between attempts, and for the server. */
export interface Timing extends BackOff, CheckTiming {
  /** The longest wait for a handshake, and for a frame after a `cancel`; the server's store may take 10 s of it. */
  responseMs: number;
}

const TIMING: Timing = { ...BACK_OFF, ...CHECK_TIMING, responseMs: 15_000 };

export class ChatSocket {
  readonly #url: string;
  readonly #api: Api;
  readonly #token: Token;
  readonly #listener: SocketListener;
  readonly #timing: Timing;
  #socket: WebSocket | null = null;
  #queue: TurnRequest[] = [];
  /** The turns that were sent and have not ended. */
  readonly #running = new Set<string>();
  readonly #check: LinkCheck;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;
  #locked = false;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, api: Api, token: Token, listener: SocketListener, timing = TIMING) {
    this.#url = origin.replace(/^http/, "ws") + PATHS.socket;
    this.#api = api;
    this.#token = token;
    this.#listener = listener;
    this.#timing = timing;
    const link = {
      ask: () => this.#send({ type: "cancel", id: PROBE }),
      unsent: () => this.#socket?.bufferedAmount ?? 0,
      isAwaiting: () => this.#running.size > 0,
      onDead: () => this.#replace(SILENT),
    };
    this.#check = new LinkCheck(link, timing);
  }

  /** Connect now, unless there is a connection or an attempt at one. */
  connect(): void {
    this.#wanted = true;
    this.#clearTimer();
    if (this.#socket !== null || this.#locked) return;
    this.#listener.onState({ status: "connecting" });
    const { value: token } = this.#token;
    const socket = new WebSocket(this.#url, token === null ? SUBPROTOCOL : [SUBPROTOCOL, BEARER + token]);
    this.#socket = socket;
    let openedAt: number | null = null;
    const opening = setTimeout(() => socket.close(), this.#timing.responseMs);
    socket.addEventListener("open", () => {
      clearTimeout(opening);
      openedAt = performance.now();
      this.#check.start();
      this.#listener.onState({ status: "open" });
      this.#flush();
    });
    socket.addEventListener("message", ({ data }) => this.#socket === socket && this.#take(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(opening);
      if (this.#socket !== socket) return;
      this.#forget();
      if (openedAt === null) void this.#refused();
      else this.#closed(closeReasonOf(code), performance.now() - openedAt);
    });
  }

  /** Connect, unless an attempt is scheduled. */
  wake(): void {
    if (this.#timer === undefined) this.connect();
  }

  /** Close for good: what is coming over it ends. */
  close(code = 1000): void {
    this.#wanted = false;
    this.#clearTimer();
    const socket = this.#socket;
    this.#forget();
    socket?.close(code);
  }

  /** Close and connect again, to reach another server than one that shuts down. */
  reconnect(): void {
    this.#replace(GIVEN_UP);
  }

  /** Connect now; a connection that seems to be there is asked for a sign of life. */
  check(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#check.askNow();
    else this.connect();
  }

  /** Use the current token: on the open connection, so that no turn is lost, else for a new one. */
  renew(): void {
    this.#locked = false;
    const { value: token } = this.#token;
    if (token !== null && this.#socket?.readyState === WebSocket.OPEN) this.#send({ type: "auth", token });
    else this.connect();
  }

  /** Start a turn, now or as soon as there is a connection. */
  ask(turn: TurnRequest): void {
    this.#queue.push(turn);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#flush();
    else this.wake();
  }

  /** Remove a turn from the queue. */
  withdraw(id: string): void {
    this.#queue = this.#queue.filter((turn) => turn.id !== id);
  }

  /** Whether the frames of a turn come over this connection. */
  carries(id: string): boolean {
    return this.#running.has(id);
  }

  /** Have the frames of a run after this number, under this id. */
  resume(run: string, after: number, id: string): void {
    this.#running.add(id);
    this.#send({ type: "resume", run, after, id });
    this.#check.sent();
  }

  /** Cancel a turn that was sent, or its run. Replace the connection if no frame follows. */
  cancel(id: string, run?: string): void {
    this.#send({ type: "cancel", ...(run === undefined ? { id } : { run }) });
    this.#check.sent();
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.reconnect(), this.#timing.responseMs);
  }

  #flush(): void {
    const turns = this.#queue;
    this.#queue = [];
    if (turns.length === 0) return;
    for (const turn of turns) {
      this.#running.add(turn.id);
      this.#send(turn);
    }
    this.#check.sent();
    this.#listener.onSent(turns.map(({ id }) => id));
  }

  #take(frame: FrameDown): void {
    this.#check.received();
    if (frame.type === "error" && frame.ref === PROBE) return;
    clearTimeout(this.#overdue);
    if (frame.type === "usage") this.#running.delete(frame.id);
    if (frame.type === "error" && !STILL_RUNS.has(frame.code)) this.#running.delete(frame.id ?? frame.ref ?? "");
    this.#listener.onFrame(frame);
  }

  #replace(reason: CloseReason): void {
    const wasOpen = this.#socket?.readyState === WebSocket.OPEN;
    this.close(REPLACED);
    if (wasOpen) this.#listener.onLost(reason);
    this.connect();
  }

  /** The connection is gone, or is not wanted any more. */
  #forget(): void {
    this.#socket = null;
    this.#running.clear();
    this.#check.stop();
    clearTimeout(this.#overdue);
  }

  #send(frame: FrameUp): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #closed(reason: CloseReason, openForMs: number): void {
    const { code, reconnect } = reason;
    if (openForMs >= STEADY_MS) this.#failures = 0;
    this.#listener.onLost(reason);
    if (reconnect === "when_needed" && this.#queue.length === 0) {
      this.#listener.onState({ status: "resting" });
    } else {
      this.#connectLater({ closed: code }, reconnect === "later" ? LATER_MS : 0);
    }
  }

  /** What finds out is loaded when it is first needed. Where that fails the server cannot be reached either. */
  async #whyRefused(): Promise<HandshakeRefusal> {
    try {
      const { whyRefused } = await import("./probe");
      return await whyRefused(this.#api);
    } catch {
      return UNREACHABLE;
    }
  }

  async #refused(): Promise<void> {
    const sentToken = this.#token.value;
    const { status, locked } = await this.#whyRefused();
    if (!this.#wanted || this.#socket !== null) return;
    this.#locked = locked && sentToken === this.#token.value;
    if (this.#locked) this.#listener.onState({ status: "locked", why: { status } });
    else this.#connectLater({ status }, 0);
  }

  #connectLater(why: ConnectFailure, atLeastMs: number): void {
    const delay = Math.max(atLeastMs, delayAfter(this.#failures++, this.#timing, Math.random()));
    this.#listener.onState({ status: "waiting", why, retryAt: Date.now() + delay });
    this.#clearTimer();
    this.#timer = setTimeout(() => this.connect(), delay);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
