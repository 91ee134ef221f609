// Plain requests to the server, with the reader's token. The page sends none elsewhere.

import type { ErrorFrame } from "../protocol/frames";
import type { ApiPath } from "./paths";
import type { Token } from "./token";

/** The server refused a request. `problem` says why, in the fields of an `error` frame. */
export class Refusal extends Error {
  readonly problem: ErrorFrame;

  constructor(problem: ErrorFrame) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The longest wait for the beginning of an answer; the server's store may take 10 s of it. */
const SILENT_MS = 20_000;

export class Api {
  readonly #origin: string;
  readonly #token: Token;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, token: Token) {
    this.#origin = origin;
    this.#token = token;
  }

  /** Send a request; resolve with any answer, reject when the server cannot be reached, or says nothing for long. */
  async send(path: ApiPath, options: RequestInit = {}): Promise<Response> {
    const headers = new Headers(options.headers);
    if (this.#token.value !== null) headers.set("Authorization", `Bearer ${this.#token.value}`);
    const silence = new AbortController(); // a connection that is dead is not closed
    const timer = setTimeout(() => silence.abort(), SILENT_MS);
    try {
      return await fetch(this.#origin + path, { signal: silence.signal, ...options, cache: "no-store", headers });
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `send`, but an answer that is not ok rejects as a `Refusal`. */
  async request(path: ApiPath, options?: RequestInit): Promise<Response> {
    const response = await this.send(path, options);
    if (!response.ok) throw new Refusal(await problemIn(response));
    return response;
  }
}

/** The server's problem; when a proxy answers instead of it, one whose message is the status. */
async function problemIn(response: Response): Promise<ErrorFrame> {
  const { headers, status } = response;
  if (headers.get("content-type")?.startsWith("application/problem+json")) return response.json();
  return {
    type: "error",
    id: null,
    ref: null,
    code: "not_answered",
    message: String(status),
    field: null,
    retryable: true,
    retry_after: null,
    usage: null,
  };
}
