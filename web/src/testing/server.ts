// A real server at the other end of the socket, which does what a test tells it to.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { FrameUp } from "../protocol/frames";

/** Hands out what comes, to whoever awaits it. */
export class Inbox<T> {
  #items: T[] = [];
  #waiting: ((item: T) => void)[] = [];

  readonly put = (item: T): void => {
    const next = this.#waiting.shift();
    if (next) next(item);
    else this.#items.push(item);
  };

  next(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }

  /** The first one that is wanted; those before it are dropped. */
  async find(wanted: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (wanted(item)) return item;
    }
  }
}

export class ChatServer {
  readonly connections = new Inbox<WebSocket>();
  readonly frames = new Inbox<FrameUp>();
  /** What handshakes are refused with, if they are. */
  refuseWith: number | null = null;
  /** What `GET /readyz` says. */
  readyStatus = 200;
  /** The one token that opens a socket and `GET /models`; null opens both to everybody. */
  token: string | null = null;
  handshakes = 0;
  /** Whether handshakes are taken, and not answered. */
  isSilent = false;
  /** Whether what comes is not even read, while the connections stay. */
  isDead = false;
  /** How often a client has asked for a sign of life: it cancels a turn that it never began. */
  probes = 0;
  readonly #turns = new Set<string>();
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  constructor() {
    this.#http = createServer(({ url, headers }, response) => {
      const isKnown = this.token === null || headers.authorization === `Bearer ${this.token}`;
      response.writeHead(url === "/readyz" ? this.readyStatus : isKnown ? 200 : 401).end();
    });
    this.#http.on("upgrade", (request, stream, head) => {
      this.handshakes++;
      if (this.isSilent) {
        stream.on("end", () => stream.destroy()).resume();
        return;
      }
      const offered = request.headers["sec-websocket-protocol"]?.split(/, */) ?? [];
      const isKnown = this.token === null || offered.includes(`bearer.${this.token}`);
      const refusal = this.refuseWith ?? (isKnown ? null : 401);
      if (refusal !== null) {
        stream.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.on("message", (data) => this.#take(socket, JSON.parse(String(data))));
        this.connections.put(socket);
      });
    });
  }

  /** Listen; returns its origin. `port` is the one of an earlier `listen`, to come back to. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  #take(socket: WebSocket, frame: FrameUp): void {
    if (this.isDead) return;
    if (frame.type === "chat" && frame.id) this.#turns.add(frame.id);
    if (frame.type !== "cancel" || this.#turns.has(frame.id ?? "")) {
      this.frames.put(frame);
      return;
    }
    this.probes++;
    socket.send(JSON.stringify({ type: "error", id: null, ref: frame.id, code: "unknown_turn" }));
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
