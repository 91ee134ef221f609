// The reader's token. The browser keeps it for this tab; it goes into headers, subprotocols and `auth` frames, and
// nowhere else.

const KEY = "deltawire.token";
/** What a subprotocol may be made of (RFC 9110, 5.6.2), and so a token. */
const SENDABLE = /^[\w!#$%&'*+.^`|~-]{1,8192}$/;

export class Token {
  #value: string | null;
  #before: string | null = null;
  readonly #storage: Pick<Storage, "setItem" | "removeItem"> | null;

  /** `storage` is null where the browser lets no page keep anything; then the token is asked for after each reload. */
  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.#value = tokenIn(storage?.getItem(KEY) ?? "");
  }

  get value(): string | null {
    return this.#value;
  }

  keep(token: string): void {
    this.#before = this.#value;
    this.#put(token);
  }

  /** Go back to the one before: the last was refused. */
  revert(): void {
    this.#put(this.#before);
  }

  forget(): void {
    this.#before = null;
    this.#put(null);
  }

  #put(token: string | null): void {
    this.#value = token;
    if (token === null) this.#storage?.removeItem(KEY);
    else this.#storage?.setItem(KEY, token);
  }
}

/** The store of this tab. */
export function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

/** The token in what the reader has pasted, with or without the words before it; null when it can be none. */
export function tokenIn(written: string): string | null {
  const token = written.trim().replace(/^(authorization:\s*)?bearer\s+/i, "");
  return SENDABLE.test(token) ? token : null;
}
