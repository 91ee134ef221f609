import { expect, test } from "vitest";
import { Refusal } from "../connection/api";
import type { ErrorFrame } from "../protocol/frames";
import { importText, NoExport } from "./import-file";

interface Body {
  conversations: ({ title: string } | null)[];
  folders: unknown[];
  prompts: unknown[];
}

const PROBLEM: ErrorFrame = {
  type: "error",
  id: null,
  ref: null,
  code: "message_too_large",
  message: "too large",
  field: null,
  retryable: false,
  retry_after: null,
  usage: null,
};
const chat = (title: string, chars = 1) => ({ title, messages: [{ text: "x".repeat(chars) }] });

/** A server that takes so many characters at once, and the bodies that it took. */
function server(takes = 4_000_000) {
  const bodies: Body[] = [];
  const send = async (text: string) => {
    if (text.length > takes) throw new Refusal(PROBLEM);
    const body: Body = JSON.parse(text);
    bodies.push(body);
    return body.conversations.map((each) => ({
      title: each?.title ?? "",
      id: each === null ? null : each.title,
      code: each === null ? "invalid_frame" : null,
      error: each === null ? "no conversation" : null,
    }));
  };
  return { bodies, send };
}

const importing = (value: unknown, { send }: ReturnType<typeof server>) =>
  importText(JSON.stringify(value), send, () => {});

test("a conversation that is larger than a request fails by its title, and all others are imported", async () => {
  const small = server(2_000);
  const chats = [chat("a"), chat("huge", 3_000), chat("b", 900), chat("c", 900)];
  expect(await importing(chats, small)).toEqual({ count: 3, failed: ["huge (too large)"] });
  expect(small.bodies.flatMap((body) => body.conversations.map((each) => each?.title))).toEqual(["a", "b", "c"]);
});

test("an item that is no conversation costs no other one", async () => {
  expect(await importing([null, chat("a")], server())).toEqual({ count: 1, failed: ["? (no conversation)"] });
});

test("folders and prompts are imported without a chat", async () => {
  const all = server();
  const library = { folders: [{ id: "f", name: "Travel" }], prompts: [{ name: "brief", text: "Be brief." }] };
  expect(await importing({ ...library, conversations: [] }, all)).toEqual({ count: 0, failed: [] });
  expect(all.bodies).toEqual([{ ...library, conversations: [] }]);
});

test("each part brings the folders, and the first the prompts", async () => {
  const all = server();
  const library = { folders: [1], prompts: [2] };
  await importing({ ...library, conversations: [chat("a", 900_000), chat("b", 900_000)] }, all);
  expect(all.bodies.map(({ folders, prompts }) => [folders, prompts])).toEqual([
    [[1], [2]],
    [[1], []],
  ]);
});

test.each([[[]], [[null]], [3], [{ conversations: [], folders: [] }], [{ a: 1 }]])("%j is no export", async (value) => {
  await expect(importing(value, server())).rejects.toThrow(NoExport);
});

test("a server that is away ends the import", async () => {
  const send = async () => {
    throw new TypeError("away");
  };
  await expect(importText(JSON.stringify([chat("a")]), send, () => {})).rejects.toThrow(TypeError);
});
