// Plain requests to the server, with the reader's token.

import type { Token } from "./token";

export class Api {
  readonly #origin: string;
  readonly #token: Token;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, token: Token) {
    this.#origin = origin;
    this.#token = token;
  }

  /** Ask for what is at this path now; rejects when the server cannot be reached. */
  get(path: string, options: RequestInit = {}): Promise<Response> {
    const { value } = this.#token;
    const headers = value === null ? {} : { Authorization: `Bearer ${value}` };
    return fetch(`${this.#origin}${path}`, { ...options, cache: "no-store", headers });
  }
}
