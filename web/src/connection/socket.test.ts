import { afterEach, beforeEach, expect, test } from "vitest";
import { type CloseReason, closeReasonOf } from "../protocol/close-codes";
import type { FrameDown } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import { ChatServer, Inbox } from "../testing/server";
import { Api } from "./api";
import type { ConnectionState } from "./connection-state";
import { CHECK_TIMING } from "./link-check";
import { ChatSocket, type Timing } from "./socket";
import { Token } from "./token";

/** Comes back at once, and waits long for whoever answers. */
const QUICK: Timing = { firstMs: 5, longestMs: 20, responseMs: 60_000, ...CHECK_TIMING };
/** The same, and gives up soon; but not so soon that a busy machine would be given up. */
const IMPATIENT: Timing = { ...QUICK, responseMs: 1_000 };

let server: ChatServer;
let token: Token;
let socket: ChatSocket;
let socketWith: (timing: Timing) => void;
let states: Inbox<ConnectionState>;
let frames: Inbox<FrameDown>;
let sent: Inbox<readonly string[]>;
let lost: Inbox<CloseReason>;

beforeEach(async () => {
  server = new ChatServer();
  const origin = await server.listen();
  token = new Token(null);
  [states, frames, sent, lost] = [new Inbox(), new Inbox(), new Inbox(), new Inbox()];
  const listener = { onState: states.put, onFrame: frames.put, onSent: sent.put, onLost: lost.put };
  socketWith = (timing) => {
    socket = new ChatSocket(origin, new Api(origin, token), token, listener, timing);
  };
  socketWith(QUICK);
});

afterEach(async () => {
  socket.close();
  await server.close();
});

const turn = (id: string): TurnRequest => ({ type: "chat", id, message: "hi", conversation: "c", parent: "c" });
const open = () => states.find(({ status }) => status === "open");
const down = () => states.find(({ status }) => ["waiting", "resting", "locked"].includes(status));

test("a turn goes up and its frames come down", async () => {
  socket.connect();
  await open();
  const connection = await server.connections.next();
  expect(connection.protocol).toBe("deltawire.v1");
  socket.ask(turn("a"));
  expect(await server.frames.next()).toEqual(turn("a"));
  expect(await sent.next()).toEqual(["a"]);
  connection.send('{"type":"delta","id":"a","text":"Hello"}');
  expect(await frames.next()).toEqual({ type: "delta", id: "a", text: "Hello" });
});

test("what is asked without a connection is sent in its order once there is one", async () => {
  socket.ask(turn("a"));
  socket.ask(turn("b"));
  expect(await server.frames.next()).toEqual(turn("a"));
  expect(await server.frames.next()).toEqual(turn("b"));
  expect(await sent.next()).toEqual(["a", "b"]);
});

test("a turn that is withdrawn before there is a connection is never sent", async () => {
  socket.ask(turn("a"));
  socket.ask(turn("b"));
  socket.withdraw("a");
  expect(await server.frames.next()).toEqual(turn("b"));
  expect(await sent.next()).toEqual(["b"]);
});

test("a turn that was sent is cancelled by the server", async () => {
  socket.ask(turn("a"));
  await sent.next();
  socket.cancel("a");
  expect(await server.frames.find(({ type }) => type === "cancel")).toEqual({ type: "cancel", id: "a" });
});

test.each([1000, 1002, 1003, 1007, 1009, 1011, 1012, 4008, 4321])(
  "closed with %i, it says why and comes back soon",
  async (code) => {
    socket.connect();
    (await server.connections.next()).close(code);
    expect(await lost.next()).toEqual(closeReasonOf(code));
    expect(await down()).toMatchObject({ status: "waiting", why: { closed: code } });
    await open();
  },
);

test.each([1008, 1013])("closed with %i, it stays away for some seconds", async (code) => {
  socket.connect();
  (await server.connections.next()).close(code);
  const state = await down();
  expect(state.status === "waiting" && state.retryAt - Date.now()).toBeGreaterThan(4_000);
});

test("a connection that is cut comes back", async () => {
  socket.connect();
  (await server.connections.next()).terminate();
  expect(await lost.next()).toMatchObject({ code: 1006 });
  await open();
});

test("closed for idleness, it rests until there is something to send", async () => {
  socket.connect();
  (await server.connections.next()).close(1001);
  expect(await down()).toEqual({ status: "resting" });
  expect(server.handshakes).toBe(1);
  socket.ask(turn("a"));
  expect(await server.frames.next()).toEqual(turn("a"));
});

test("closed for idleness, it comes back when the reader is about to write", async () => {
  socket.connect();
  (await server.connections.next()).close(1001);
  await down();
  socket.wake();
  await open();
});

test("a turn that was sent is not sent again on the next connection", async () => {
  socket.ask(turn("a"));
  const connection = await server.connections.next();
  expect(await server.frames.next()).toEqual(turn("a"));
  connection.terminate();
  await down();
  await open();
  socket.ask(turn("b"));
  expect(await server.frames.next()).toEqual(turn("b"));
});

test.each([200, 403, 429, 503, 418])(
  "a refused handshake is explained by a plain request that gets %i",
  async (status) => {
    server.refuseWith = 503;
    server.readyStatus = status;
    socket.connect();
    expect(await down()).toMatchObject({ status: "waiting", why: { status } });
  },
);

test("a server that is away is waited for, with what was asked meanwhile", async () => {
  const { port } = server;
  await server.close();
  socket.ask(turn("a"));
  expect(await down()).toMatchObject({ why: { status: null } });
  server = new ChatServer();
  await server.listen(port);
  expect(await server.frames.next()).toEqual(turn("a"));
});

test("once closed it does not come back", async () => {
  socket.connect();
  const connection = await server.connections.next();
  const closed = new Promise((resolve) => connection.on("close", resolve));
  socket.close();
  await closed;
  expect(server.handshakes).toBe(1);
});

test("reconnecting makes a new connection", async () => {
  socket.connect();
  await server.connections.next();
  socket.reconnect();
  await server.connections.next();
  expect(server.handshakes).toBe(2);
});

test("a server that wants a token locks the connection, and a good one opens it", async () => {
  server.token = "good";
  socket.ask(turn("a"));
  expect(await down()).toEqual({ status: "locked", why: { status: 401 } });
  const before = server.handshakes;
  socket.connect();
  socket.wake();
  expect(server.handshakes).toBe(before);
  token.keep("good");
  socket.renew();
  expect((await server.connections.next()).protocol).toBe("deltawire.v1");
  expect(await server.frames.next()).toEqual(turn("a"));
});

test("a token that is refused locks the connection again", async () => {
  server.token = "good";
  token.keep("bad");
  socket.connect();
  expect(await down()).toMatchObject({ status: "locked" });
  token.keep("worse");
  socket.renew();
  expect(await down()).toMatchObject({ status: "locked" });
});

test("a fresh token goes up on the open connection", async () => {
  socket.connect();
  await open();
  token.keep("fresh");
  socket.renew();
  expect(await server.frames.next()).toEqual({ type: "auth", token: "fresh" });
  expect(server.handshakes).toBe(1);
});

test("what was sent on a connection that is given up is lost", async () => {
  socket.ask(turn("a"));
  await sent.next();
  socket.reconnect();
  expect(await lost.next()).toMatchObject({ code: "given_up" });
});

test("a handshake that nobody answers is given up, and tried again", async () => {
  socketWith(IMPATIENT);
  server.isSilent = true;
  socket.connect();
  await down();
  server.isSilent = false;
  await open();
  expect(server.handshakes).toBeGreaterThan(1);
});

test("a connection on which nothing comes after a stop is replaced", async () => {
  socketWith(IMPATIENT);
  socket.ask(turn("a"));
  await server.connections.next();
  expect(await sent.next()).toEqual(["a"]);
  socket.cancel("a");
  expect((await lost.next()).reconnect).toBe("soon");
  await server.connections.next();
});

test("a connection on which the end of a stopped turn comes is kept", async () => {
  socketWith(IMPATIENT);
  socket.ask(turn("a"));
  const connection = await server.connections.next();
  await sent.next();
  socket.cancel("a");
  connection.send('{"type":"delta","id":"a","text":"Hello"}');
  await frames.next();
  await new Promise((resolve) => setTimeout(resolve, 1.2 * IMPATIENT.responseMs));
  expect(server.handshakes).toBe(1);
});
