// Plain requests to the server, with the reader's token: the one place where they leave the page.

import type { ErrorFrame } from "../protocol/frames";
import type { Token } from "./token";

/** What the server did not do, and why: the fields of its problem are those of an `error` frame. */
export class Refusal extends Error {
  readonly problem: ErrorFrame;

  constructor(problem: ErrorFrame) {
    super(problem.message);
    this.problem = problem;
  }
}

export class Api {
  readonly #origin: string;
  readonly #token: Token;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, token: Token) {
    this.#origin = origin;
    this.#token = token;
  }

  /** Ask for what is at this path now, or change it, whatever the answer is; rejects when the server cannot be reached. */
  send(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = new Headers(options.headers);
    if (this.#token.value !== null) headers.set("Authorization", `Bearer ${this.#token.value}`);
    return fetch(this.#origin + path, { ...options, cache: "no-store", headers });
  }

  /** As `send`, but an answer that is none rejects as a `Refusal`. */
  async request(path: string, options?: RequestInit): Promise<Response> {
    const response = await this.send(path, options);
    if (!response.ok) throw new Refusal(await problemIn(response));
    return response;
  }
}

/** What the server says of a refusal; where something in between answers instead, what is known of that. */
async function problemIn(response: Response): Promise<ErrorFrame> {
  const { headers, status } = response;
  if (headers.get("content-type")?.startsWith("application/problem+json")) return response.json();
  return {
    type: "error",
    id: null,
    ref: null,
    code: "internal",
    message: `The server answers, but with an error (${status}).`,
    field: null,
    retryable: true,
    retry_after: null,
    usage: null,
  };
}
