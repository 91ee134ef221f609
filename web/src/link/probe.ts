// A browser does not tell why a handshake failed. Plain requests to the same server do, mostly.

import type { Api } from "./api";

export interface Refusal {
  /** What is the matter, as a sentence. */
  why: string;
  /** Whether the server does not take the reader's token, or misses one. */
  locked: boolean;
}

/** Why no socket could be opened. */
export async function whyRefused(api: Api): Promise<Refusal> {
  try {
    let status = await statusOf(api, "/readyz"); // which says whether the server is there, to everybody
    if (status === 200) status = await statusOf(api, "/models"); // which wants a token where the socket does
    return { why: REASONS[status] ?? `The server answers, but with an error (${status}).`, locked: status === 401 };
  } catch {
    return { why: "The server cannot be reached.", locked: false };
  }
}

async function statusOf(api: Api, path: string): Promise<number> {
  return (await api.send(path, { signal: AbortSignal.timeout(5_000) })).status;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "The server is there, but takes no more connections, or something in between lets none through.",
  401: "The server wants to know who you are.",
  403: "The server does not answer to this address.",
  404: "There is no Deltawire at this address.",
  429: "The server is asked too often from here.",
  502: "Something in between cannot reach the server.",
  503: "The server is full, or shutting down.",
  504: "Something in between cannot reach the server.",
};
