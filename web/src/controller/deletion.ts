// A chat that is deleted stays in the store for a few seconds, in which the reader may think better of it.

import type { Store } from "../state/store";
import type { Library } from "./conversations";

const UNDO_MS = 8_000;
/** What the page was left with: a reload may be quicker than the request that was sent on the way out. */
const LEFT = "deltawire.deleted";

export class Deletion {
  readonly #store: Store;
  readonly #library: Library;
  readonly #storage: Storage | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `storage` is null where the browser lets no page keep anything. */
  constructor(store: Store, library: Library, storage: Storage | null) {
    this.#store = store;
    this.#library = library;
    this.#storage = storage;
  }

  /** Delete what the page was left with, to be sure. */
  async resume(): Promise<void> {
    const stored = this.#storage?.getItem(LEFT);
    if (!stored) return;
    await this.#library.remove(stored);
    this.#storage?.removeItem(LEFT);
  }

  begin(conversation: string): void {
    this.finish();
    this.#store.dispatch({ type: "delete", conversation });
    this.#timer = setTimeout(() => this.finish(), UNDO_MS);
  }

  undo(): void {
    clearTimeout(this.#timer);
    this.#store.dispatch({ type: "undo" });
  }

  /** Delete now what is waiting for it: its time is over. */
  finish(): void {
    clearTimeout(this.#timer);
    const stored = this.#store.state.deleting?.entry.stored;
    if (!stored) return;
    this.#store.dispatch({ type: "deleted" });
    void this.#library.remove(stored);
  }

  /** The page is left, perhaps for good. */
  leave(): void {
    const stored = this.#store.state.deleting?.entry.stored;
    if (stored) this.#storage?.setItem(LEFT, stored);
    this.finish();
  }
}
