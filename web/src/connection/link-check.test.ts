import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CloseReason } from "../protocol/close-codes";
import type { FrameDown } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import { ChatServer, Inbox } from "../testing/server";
import { Api } from "./api";
import { BACK_OFF } from "./back-off";
import { CHECK_TIMING } from "./link-check";
import { ChatSocket, type Timing } from "./socket";
import { Token } from "./token";

/** Asks for signs of life all the time, and waits long for them. */
const ASKING: Timing = { ...BACK_OFF, ...CHECK_TIMING, responseMs: 60_000, silenceMs: 20, sentMs: 10 };
/** The same, and is impatient: for servers that are dead. A busy machine answers sooner. */
const IMPATIENT: Timing = { ...ASKING, answerMs: 1_000 };

let server: ChatServer;
let socket: ChatSocket;
let socketWith: (timing: Timing) => void;
let isOpen: Inbox<boolean>;
let frames: Inbox<FrameDown>;
let sent: Inbox<readonly string[]>;
let lost: Inbox<CloseReason>;

beforeEach(async () => {
  server = new ChatServer();
  const origin = await server.listen();
  [isOpen, frames, sent, lost] = [new Inbox(), new Inbox(), new Inbox(), new Inbox()];
  const onState = ({ status }: { status: string }) => status === "open" && isOpen.put(true);
  const listener = { onState, onFrame: frames.put, onSent: sent.put, onLost: lost.put };
  const token = new Token(null);
  socketWith = (timing) => {
    socket = new ChatSocket(origin, new Api(origin, token), token, listener, timing);
  };
});

afterEach(async () => {
  socket.close();
  await server.close();
});

const turn = (id: string): TurnRequest => ({ type: "chat", id, message: "hi", conversation: "c", parent: "c" });
const open = () => isOpen.next();

test("a connection that dies while nobody writes is replaced", async () => {
  socketWith(IMPATIENT);
  socket.connect();
  await server.connections.next();
  server.isDead = true;
  expect(await lost.next()).toMatchObject({ code: "silent" });
  await server.connections.next();
});

test("a connection that dies while an answer comes is replaced", async () => {
  socketWith(IMPATIENT);
  socket.ask(turn("a"));
  const connection = await server.connections.next();
  await sent.next();
  connection.send('{"type":"delta","id":"a","text":"Hello"}');
  await frames.next();
  server.isDead = true;
  expect((await lost.next()).reconnect).toBe("soon");
});

test("a connection that was dead before a question is found out soon after it", async () => {
  socketWith({ ...IMPATIENT, silenceMs: CHECK_TIMING.silenceMs });
  socket.connect();
  await server.connections.next();
  server.isDead = true;
  socket.ask(turn("a"));
  await lost.next();
});

test("a connection that answers is kept, and no listener hears of the asking", async () => {
  socketWith(ASKING);
  socket.ask(turn("a"));
  await sent.next();
  await vi.waitFor(() => expect(server.probes).toBeGreaterThan(2), { timeout: 60_000 });
  expect(server.handshakes).toBe(1);
  socket.cancel("a");
  expect(await server.frames.find(({ type }) => type === "cancel")).toEqual({ type: "cancel", id: "a" });
});

test("a connection that nobody uses is left alone, and asked when somebody comes back", async () => {
  socketWith({ ...IMPATIENT, unusedMs: 0 });
  socket.connect();
  await open();
  await new Promise((resolve) => setTimeout(resolve, 5 * IMPATIENT.silenceMs));
  expect(server.probes).toBe(0);
  server.isDead = true;
  socket.check();
  await lost.next();
});
