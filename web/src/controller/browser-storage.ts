// What the browser keeps for this page's origin. It may keep nothing, or be full.

/** Keeps texts under keys that begin with a prefix. */
export class BrowserStorage {
  readonly #prefix: string;
  readonly #storage: () => Storage;

  /** `storage` throws where the browser lets no page keep anything. */
  constructor(prefix: string, storage: () => Storage) {
    this.#prefix = prefix;
    this.#storage = storage;
  }

  get keys(): string[] {
    return this.#orElse([], (storage) =>
      Object.keys(storage).flatMap((key) => (key.startsWith(this.#prefix) ? [key.slice(this.#prefix.length)] : [])),
    );
  }

  get(key: string): string | null {
    return this.#orElse(null, (storage) => storage.getItem(this.#prefix + key));
  }

  /** Return whether it is kept. */
  set(key: string, text: string): boolean {
    return this.#orElse(false, (storage) => {
      storage.setItem(this.#prefix + key, text);
      return true;
    });
  }

  remove(key: string): void {
    this.#orElse(undefined, (storage) => storage.removeItem(this.#prefix + key));
  }

  /**
   * Remove a text that is not needed here any more: for its room, for the next person, or as its box was emptied. Other
   * tabs, which take a removal for a text that was sent, keep theirs: what they hear is that an empty one is gone.
   */
  drop(key: string): void {
    this.set(key, "");
    this.remove(key);
  }

  /** The key of a change that another page of this origin has made; null when it is none of these. */
  changedIn({ key, storageArea }: StorageEvent): string | null {
    return this.#orElse(null, (storage) =>
      storageArea === storage && key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null,
    );
  }

  #orElse<T>(otherwise: T, act: (storage: Storage) => T): T {
    try {
      return act(this.#storage());
    } catch {
      return otherwise;
    }
  }
}
