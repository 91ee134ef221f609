// Loads the list of conversations, page by page, and searches in them.

import type { ConversationsApi } from "../connection/conversations-api";
import type { Store } from "../state/store";
import { reasonOf } from "./faults";

/** How long to wait for the next letter before searching. */
const TYPING_MS = 150;

export class ConversationList {
  readonly #store: Store;
  readonly #api: ConversationsApi;
  #refreshes = 0;
  #searches = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, api: ConversationsApi) {
    this.#store = store;
    this.#api = api;
  }

  /** Load the first page again. Return whether no later refresh has begun meanwhile. */
  async refresh(): Promise<boolean> {
    const refresh = ++this.#refreshes;
    const isNewest = () => refresh === this.#refreshes;
    await this.#load("", null, isNewest);
    return isNewest();
  }

  /** Load the next page. */
  async more(): Promise<void> {
    const { list, found } = this.#store.state;
    const { words, next } = found ?? list;
    if (next === null) return;
    const isWanted = () => (this.#store.state.found ?? this.#store.state.list).next === next;
    await this.#load(words, next, isWanted);
  }

  /** Search for words once the reader has stopped typing; the empty string ends the search. */
  search(words: string): void {
    this.#store.dispatch({ type: "search", words });
    clearTimeout(this.#typing);
    if (words !== "") this.#typing = setTimeout(() => this.#find(words), TYPING_MS);
  }

  /** Search again for the same words. */
  searchAgain(): void {
    const { found } = this.#store.state;
    if (found !== null) this.#find(found.words);
  }

  #find(words: string): void {
    const search = ++this.#searches;
    void this.#load(words, null, () => search === this.#searches && words === this.#store.state.found?.words);
  }

  async #load(words: string, cursor: string | null, isWanted: () => boolean): Promise<void> {
    try {
      const page = await this.#api.page(words, cursor);
      if (isWanted()) this.#store.dispatch({ type: "listed", words, page, isFirst: cursor === null });
    } catch (fault) {
      if (isWanted()) this.#store.dispatch({ type: "not_listed", words, why: reasonOf(fault) });
    }
  }
}
