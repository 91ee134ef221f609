// A deleted chat stays in the store for some seconds, so that the reader can undo the deletion.

import type { Store } from "../state/store";
import type { Conversations } from "./conversations";

const UNDO_MS = 8_000;
/** The key of a deletion that was sent as the page was left: a reload may overtake its request. */
const LEFT = "deltawire.deleted";

export class Deletion {
  readonly #store: Store;
  readonly #conversations: Conversations;
  readonly #storage: Storage | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `storage` is null where the browser lets no page keep anything. */
  constructor(store: Store, conversations: Conversations, storage: Storage | null) {
    this.#store = store;
    this.#conversations = conversations;
    this.#storage = storage;
  }

  /** Delete once more what was deleted as the page was left. */
  async resume(): Promise<void> {
    const stored = this.#storage?.getItem(LEFT);
    if (!stored) return;
    await this.#conversations.delete(stored);
    this.#storage?.removeItem(LEFT);
  }

  begin(conversation: string): void {
    this.finish();
    this.#store.dispatch({ type: "delete", conversation });
    this.#timer = setTimeout(() => this.finish(), UNDO_MS);
  }

  readonly undo = (): void => {
    clearTimeout(this.#timer);
    this.#store.dispatch({ type: "undo" });
  };

  /** Delete now, as the time to undo is over. */
  finish(): void {
    clearTimeout(this.#timer);
    const stored = this.#store.state.deleting?.entry.stored;
    if (!stored) return;
    this.#store.dispatch({ type: "deleted" });
    void this.#conversations.delete(stored);
  }

  /** The page is left, perhaps for good. */
  readonly leave = (): void => {
    const stored = this.#store.state.deleting?.entry.stored;
    if (stored) this.#storage?.setItem(LEFT, stored);
    this.finish();
  };
}
