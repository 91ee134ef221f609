// The files that the server keeps, over HTTP.

import type { ErrorFrame, ShownFile } from "../protocol/frames";
import { type Api, Refusal } from "./api";
import { PATHS } from "./paths";
import type { Token } from "./token";

/** An upload is aborted when it makes no progress for this long. */
const SILENT_MS = 60_000;

export class FilesApi {
  readonly #origin: string;
  readonly #token: Token;
  readonly #api: Api;

  constructor(origin: string, token: Token, api: Api) {
    this.#origin = origin;
    this.#token = token;
    this.#api = api;
  }

  /**
   * Send a file; `onProgress` gets the part of it that was sent, from 0 to 1. Rejects with a `Refusal`, or with another
   * error when the server cannot be reached or `signal` was aborted.
   */
  upload(file: File, onProgress: (sent: number) => void, signal: AbortSignal): Promise<ShownFile> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch does not tell how much was sent
      let timer: ReturnType<typeof setTimeout> | undefined;
      const moves = () => {
        clearTimeout(timer);
        timer = setTimeout(() => request.abort(), SILENT_MS);
      };
      request.open("POST", `${this.#origin}${PATHS.files}?${new URLSearchParams({ name: file.name })}`);
      if (this.#token.value !== null) request.setRequestHeader("Authorization", `Bearer ${this.#token.value}`);
      request.upload.onprogress = ({ loaded, total }) => {
        moves();
        onProgress(total === 0 ? 0 : loaded / total);
      };
      request.onload = () => {
        const answer = parsed(request.responseText);
        if (request.status === 201) resolve(answer as ShownFile);
        else reject(new Refusal(problemIn(request.status, answer)));
      };
      request.onerror = request.onabort = () => reject(new Error("not sent"));
      request.onloadend = () => clearTimeout(timer);
      signal.addEventListener("abort", () => request.abort());
      moves();
      request.send(file);
    });
  }

  /** The content of a file. Rejects as `Api.request` does. */
  async content(id: string): Promise<Blob> {
    return (await this.#api.request(`${PATHS.files}/${id}/content`)).blob();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The problem that the server sent; when a proxy has answered instead, one whose message is the status. */
function problemIn(status: number, answer: unknown): ErrorFrame {
  if (typeof answer === "object" && answer !== null && "code" in answer) return answer as ErrorFrame;
  const code = status === 413 ? "message_too_large" : "not_answered";
  const nothing = { id: null, ref: null, field: null, retry_after: null, usage: null };
  return { type: "error", code, message: String(status), retryable: status >= 500, ...nothing };
}
