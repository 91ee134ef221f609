import { expect, test } from "vitest";
import type { Api } from "../connection/api";
import type { Conversation } from "../state/conversation";
import { removeFiles } from "./temporary-files";

const PICTURE = { id: "f1", name: "a.png", type: "image/png", size: 1 };
const MADE = { type: "file", id: "t1", file: "f2", media_type: "image/png", name: "b.png", size: 1 };

test("the files of a temporary chat are removed, each once, and a failure keeps none of the others", async () => {
  const requests: unknown[] = [];
  const api = {
    request: async (path: string, { method }: RequestInit) => {
      requests.push([method, path]);
      throw new Error("away");
    },
  } as unknown as Api;
  const messages = {
    q1: { role: "user", files: [PICTURE] },
    a1: { role: "model", parts: [MADE, { ...MADE, file: null }, { type: "source" }] },
    q2: { role: "user", files: [PICTURE] },
  };
  await removeFiles(api, { messages } as unknown as Conversation);
  expect(requests).toEqual([
    ["DELETE", "/files/f1?unnamed=true"],
    ["DELETE", "/files/f2?unnamed=true"],
  ]);
});
