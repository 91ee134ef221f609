// The conversations that the server keeps: listed, read, made and changed there, and told to the other tabs.

import { type Api, Refusal } from "../connection/api";
import { ConversationsApi, type Format } from "../connection/conversations-api";
import type { TurnRequest } from "../protocol/turn-request";
import { type Conversation, type Reading, runningAnswers } from "../state/conversation";
import { changesFrom } from "../state/settings";
import { conversationWith, type State, shownConversation } from "../state/state";
import type { Store } from "../state/store";
import { mayBeStored, turnOf } from "../state/turn-request";
import { UNREACHABLE } from "../text/problems";
import { saveFile } from "./save-file";

/** Whoever types goes on within this time, mostly. */
const TYPING_MS = 150;

export class Library {
  readonly #store: Store;
  readonly #api: ConversationsApi;
  readonly #otherTabs = new BroadcastChannel("deltawire");
  readonly #making = new Map<string, Promise<void>>();
  #refreshes = 0;
  #searches = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, api: Api) {
    this.#store = store;
    this.#api = new ConversationsApi(api);
    this.#otherTabs.onmessage = () => void this.refresh();
  }

  /** Look again at the list and at what is shown: another tab, or somebody else, may have written. */
  async refresh(): Promise<void> {
    const refresh = ++this.#refreshes;
    await this.#list("", null, () => refresh === this.#refreshes);
    const shown = shownConversation(this.#store.state);
    if (refresh !== this.#refreshes || shown === null || shown.reading.status === "pending") return;
    if (runningAnswers(shown).length === 0) await this.readIfNews(shown); // else the news are this page's own
  }

  /** The next page of what is listed. */
  async more(): Promise<void> {
    const { list, found } = this.#store.state;
    const { words, next } = found ?? list;
    if (next === null) return;
    const isWanted = () => (this.#store.state.found ?? this.#store.state.list).next === next;
    await this.#list(words, next, isWanted);
  }

  /** Look for words in all conversations, unless others are looked for soon, or before the answer is here. */
  search(words: string): void {
    clearTimeout(this.#typing);
    if (words !== "") this.#typing = setTimeout(() => this.#find(words), TYPING_MS);
  }

  /** Read a conversation, unless what is here is all that there is. */
  async readIfNews({ id, stored, reading, asOf }: Conversation): Promise<void> {
    const listed = this.#store.state.list.entries.find((entry) => entry.id === id);
    if (stored === null || reading.status === "gone") return;
    if (reading.status === "failed") {
      this.#store.dispatch({ type: "not_read", conversation: id, reading: { status: "pending" } });
    }
    if (reading.status !== "done" || listed?.updated !== asOf) await this.read(id, stored);
  }

  async read(conversation: string, stored: string): Promise<void> {
    try {
      await this.#merge(conversation, stored);
    } catch (fault) {
      const reading: Reading = isGone(fault) ? { status: "gone" } : { status: "failed", why: whyOf(fault) };
      this.#store.dispatch({ type: "not_read", conversation, reading });
    }
  }

  /**
   * The frame of a turn, once all that it is asked with is in the store; null when it is no longer wanted. Rejects with
   * a `Refusal`, or when the server cannot be reached.
   */
  async turnFor(answer: string, question: string): Promise<TurnRequest | null> {
    const before = wanted(this.#store.state, answer, question);
    if (before === null) return null;
    const { id } = before.conversation;
    await this.#keep(id);
    const { stored } = wanted(this.#store.state, answer, question)?.conversation ?? {};
    if (stored && mayBeStored(before.conversation, before.question)) {
      await this.#merge(id, stored);
    }
    const now = wanted(this.#store.state, answer, question);
    return now && turnOf(answer, now.conversation, now.question, now.answer.settings);
  }

  async rename(conversation: string, stored: string, title: string, before: string): Promise<void> {
    this.#store.dispatch({ type: "rename", conversation, title });
    try {
      await this.#api.change(stored, { title });
      this.#changed();
    } catch (fault) {
      this.#store.dispatch({ type: "rename", conversation, title: before });
      this.#notice(`Not renamed: ${whyOf(fault)}`);
    }
  }

  async remove(stored: string): Promise<void> {
    try {
      await this.#api.remove(stored);
    } catch (fault) {
      if (!isGone(fault)) this.#notice(`Not deleted: ${whyOf(fault)}`);
    }
    this.#changed();
  }

  async export(stored: string, format: Format): Promise<void> {
    try {
      saveFile(await this.#api.file(stored, format));
    } catch (fault) {
      this.#notice(`Not exported: ${whyOf(fault)}`);
    }
  }

  /** Tell the other tabs of this browser that there is something new. */
  tell(): void {
    this.#otherTabs.postMessage("changed");
  }

  async #merge(id: string, stored: string): Promise<void> {
    const kept = () => this.#store.state.conversations.find((c) => c.id === id)?.kept;
    const before = kept();
    const tree = await this.#api.read(stored);
    const now = kept();
    // What was written while it was read is newer.
    const settings = now === undefined || now === before ? tree.settings : now;
    this.#store.dispatch({ type: "read", conversation: id, tree: { ...tree, settings } });
  }

  /** Make a conversation in the store, once, and keep its settings there. */
  async #keep(id: string): Promise<void> {
    const making = this.#making.get(id) ?? this.#make(id).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    await making;
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    const settings = conversation && changesFrom(conversation.kept, conversation.settings);
    if (!conversation?.stored || !settings) return;
    try {
      const kept = await this.#api.change(conversation.stored, { settings });
      this.#store.dispatch({ type: "kept", conversation: id, kept });
    } catch (fault) {
      // The turn is refused for the same value, in words that fit it.
      if (!(fault instanceof Refusal) || fault.problem.code !== "invalid_frame") throw fault;
    }
  }

  async #make(id: string): Promise<void> {
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    if (conversation === undefined || conversation.stored !== null) return;
    this.#store.dispatch({ type: "kept", conversation: id, kept: await this.#api.create(conversation.title) });
    this.#changed();
  }

  /** The list is another one, and so may be what is found: what was asked of them before is out of date. */
  #changed(): void {
    this.tell();
    void this.refresh();
    const { found } = this.#store.state;
    if (found !== null) this.#find(found.words);
  }

  #find(words: string): void {
    const search = ++this.#searches;
    void this.#list(words, null, () => search === this.#searches && words === this.#store.state.found?.words);
  }

  async #list(words: string, cursor: string | null, isWanted: () => boolean): Promise<void> {
    try {
      const page = await this.#api.page(words, cursor);
      if (isWanted()) this.#store.dispatch({ type: "listed", words, page, isFirst: cursor === null });
    } catch (fault) {
      if (isWanted()) this.#store.dispatch({ type: "not_listed", words, why: whyOf(fault) });
    }
  }

  #notice(notice: string): void {
    this.#store.dispatch({ type: "notice", notice });
  }
}

/** A turn that still waits to be sent. */
function wanted(state: State, answerId: string, questionId: string) {
  const conversation = conversationWith(state, questionId);
  const [question, answer] = [conversation?.messages[questionId], conversation?.messages[answerId]];
  if (!conversation || question?.role !== "user" || answer?.role !== "model" || answer.status !== "queued") return null;
  return { conversation, question, answer };
}

function isGone(fault: unknown): boolean {
  return fault instanceof Refusal && fault.problem.code === "not_found";
}

/** Why the server did not do it, as a sentence. */
function whyOf(fault: unknown): string {
  return fault instanceof Refusal ? fault.problem.message : UNREACHABLE;
}
