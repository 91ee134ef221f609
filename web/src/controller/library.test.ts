import { beforeEach, expect, test } from "vitest";
import type { ConversationsApi } from "../connection/conversations-api";
import type { LibraryApi } from "../connection/library-api";
import { type Action, INITIAL } from "../state/state";
import { Store } from "../state/store";
import type { Conversations } from "./conversations";
import { Library } from "./library";

let store: Store;
let requests: number;
/** What comes of each request for a title, in their order. */
let titles: (string | Error)[];
let library: Library;

beforeEach(() => {
  requests = 0;
  const makeTitle = async () => {
    requests += 1;
    const title = titles.shift();
    if (typeof title !== "string") throw title;
    return { title };
  };
  store = new Store({ ...INITIAL, models: { titles: true } as NonNullable<typeof INITIAL.models> });
  const conversations = { tellOtherTabs: () => {} } as unknown as Conversations;
  library = new Library(store, { makeTitle } as unknown as LibraryApi, conversations, {} as ConversationsApi);
});

/** Ask a question of the chat; its answer is the `at`th. */
function asks(at: number): void {
  const parent = at === 0 ? null : `a${at - 1}`;
  const turn = { conversation: "c", text: `Question ${at}`, question: `q${at}`, answer: `a${at}`, parent };
  const stored = { id: "c", title: "Question 0", created: 0, updated: 0, pinned: false, archived: false, folder: null };
  const actions: Action[] = [
    { type: "ask", from: at === 0 ? "" : "c", replaces: null, now: 0, ...turn },
    { type: "stored", conversation: "c", stored: { ...stored, settings: {} } },
  ];
  for (const action of actions) store.dispatch(action);
}

test("a title that failed is asked for again with the next answer, and one that came is not", async () => {
  titles = [new Error("away"), "Made"];
  for (const [at, expected] of [1, 2, 2].entries()) {
    asks(at);
    await library.makeTitle("c");
    expect(requests).toBe(expected);
  }
  expect(store.state.conversations[0]?.title).toBe("Made");
});

test("a chat of which no title was asked for at its first answer gets none later", async () => {
  asks(0);
  asks(1);
  await library.makeTitle("c");
  expect(requests).toBe(0);
});
