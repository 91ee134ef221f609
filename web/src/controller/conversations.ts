// The conversations that the server stores: shown, read, renamed and deleted. The other tabs are told.

import type { ConversationsApi } from "../connection/conversations-api";
import { type Conversation, type Reading, runningAnswers } from "../state/conversation";
import type { Entry } from "../state/listing";
import { idOf, shownConversation } from "../state/state";
import type { Store } from "../state/store";
import { type Name, say } from "../text/words/words";
import { ConversationList } from "./conversation-list";
import { isGone, reasonOf } from "./faults";
import { readConversation } from "./read-conversation";

export class Conversations {
  readonly list: ConversationList;
  readonly #store: Store;
  readonly #api: ConversationsApi;
  readonly #onRead: () => void;
  readonly #otherTabs = channel();
  /** Called before a temporary chat is left, which nobody can come back to. */
  onLeave: (temporary: Conversation) => void = () => {};
  /** The readings under way, by the page's ids. */
  readonly #readings = new Map<string, Promise<void>>();

  /** `onRead` is called when a conversation was read, or would have been if nothing was on its way in it. */
  constructor(store: Store, api: ConversationsApi, onRead: () => void) {
    this.#store = store;
    this.#api = api;
    this.#onRead = onRead;
    this.list = new ConversationList(store, api);
    if (this.#otherTabs) this.#otherTabs.onmessage = this.refresh;
  }

  /** Show the chat of this id of the page's; null for a new one. */
  show(id: string | null): void {
    const left = shownConversation(this.#store.state);
    if (left?.isTemporary && left.id !== id) this.onLeave(left);
    this.#store.dispatch({ type: "show", conversation: id });
    const conversation = shownConversation(this.#store.state);
    if (conversation !== null) void this.#readIfChanged(conversation);
  }

  /** Show the chat of this id in the store; null for a new one. */
  showStored(stored: string | null): void {
    this.show(stored && idOf(this.#store.state, stored));
  }

  /** Have a conversation of the store here, read. Rejects as `Api.request` does. */
  async load(id: string): Promise<void> {
    this.#store.dispatch({ type: "hold", conversation: id });
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    if (!conversation?.stored || conversation.reading.status === "done") return;
    await this.#read(id, conversation.stored);
  }

  /** Have those chats of the store here in which this tab was waiting for an answer: it may go on there. */
  loadAll(chats: readonly string[]): void {
    for (const stored of new Set(chats)) this.load(idOf(this.#store.state, stored)).catch(() => {}); // it is shown
  }

  /** Load the list and the chat that is shown again: another tab, or somebody else, may have written. */
  readonly refresh = (): void => void this.#refresh();

  rename(entry: Entry, title: string): void {
    if (entry.stored !== null && title !== entry.title) void this.#rename(entry.id, entry.stored, title, entry.title);
  }

  /** Delete a conversation from the store. */
  async delete(stored: string): Promise<void> {
    try {
      await this.#api.remove(stored);
    } catch (fault) {
      if (!isGone(fault)) this.#notice("not_deleted", fault);
    }
    this.changed();
  }

  /** The store has changed: tell the other tabs, and load again what was listed and found. */
  changed(): void {
    this.tellOtherTabs();
    this.refresh();
    this.list.searchAgain();
  }

  /** Tell the other tabs of this browser that the store has changed. */
  tellOtherTabs(): void {
    this.#otherTabs?.postMessage("changed");
  }

  async #refresh(): Promise<void> {
    const isNewest = await this.list.refresh();
    const shown = shownConversation(this.#store.state);
    if (!isNewest || shown === null || shown.reading.status === "pending") return;
    if (runningAnswers(shown).length === 0) await this.#readIfChanged(shown);
    else this.#onRead(); // the change is this page's own
  }

  /** Read a conversation, unless the list says that it has not changed since it was read. */
  async #readIfChanged({ id, stored, reading, asOf }: Conversation): Promise<void> {
    const listed = this.#store.state.list.entries.find((entry) => entry.id === id);
    if (stored === null || reading.status === "gone") return;
    if (reading.status === "failed") {
      this.#store.dispatch({ type: "not_read", conversation: id, reading: { status: "pending" } });
    }
    if (reading.status !== "done" || listed?.updated !== asOf) await this.#read(id, stored).catch(() => {}); // it is shown
  }

  async #readNow(id: string, stored: string): Promise<void> {
    try {
      await readConversation(this.#store, this.#api, id, stored);
      this.#onRead();
    } catch (fault) {
      const reading: Reading = isGone(fault) ? { status: "gone" } : { status: "failed", why: reasonOf(fault) };
      this.#store.dispatch({ type: "not_read", conversation: id, reading });
      throw fault;
    }
  }

  /** Read a conversation, once at a time. */
  #read(id: string, stored: string): Promise<void> {
    const reading = this.#readings.get(id) ?? this.#readNow(id, stored).finally(() => this.#readings.delete(id));
    this.#readings.set(id, reading);
    return reading;
  }

  async #rename(conversation: string, stored: string, title: string, before: string): Promise<void> {
    this.#store.dispatch({ type: "rename", conversation, title });
    try {
      await this.#api.change(stored, { title });
      this.changed();
    } catch (fault) {
      this.#store.dispatch({ type: "rename", conversation, title: before });
      this.#notice("not_renamed", fault);
    }
  }

  #notice(name: Name, fault: unknown): void {
    const notice = say(this.#store.state.words, name, { why: reasonOf(fault) });
    this.#store.dispatch({ type: "notice", notice });
  }
}

/** To the other tabs of this browser; null where it lets no page keep anything, as Firefox does that blocks cookies. */
function channel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel("deltawire");
  } catch {
    return null;
  }
}
