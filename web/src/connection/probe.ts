// A browser does not say why a handshake failed. A plain request to the same server mostly does.

import type { Api } from "./api";
import { type ApiPath, PATHS } from "./paths";

export interface HandshakeRefusal {
  /** The reason, as a sentence. */
  why: string;
  /** Whether the token is missing, or is not accepted. */
  locked: boolean;
}

/** Find out why no socket could be opened. Rejects when the server cannot be reached. */
export async function whyRefused(api: Api): Promise<HandshakeRefusal> {
  let status = await statusOf(api, PATHS.readiness); // which needs no token
  if (status === 200) status = await statusOf(api, PATHS.models); // which needs a token where the socket does
  return { why: whyOf(status), locked: status === 401 };
}

/** The reason that a status tells. */
export function whyOf(status: number): string {
  return REASONS[status] ?? `The server answers, but with an error (${status}).`;
}

async function statusOf(api: Api, path: ApiPath): Promise<number> {
  return (await api.send(path, { signal: AbortSignal.timeout(5_000) })).status;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "The server is there, but takes no more connections, or something in between lets none through.",
  401: "The server wants to know who you are.",
  403: "The server does not answer to this address.",
  404: "There is no chat server at this address.",
  429: "The server is asked too often from here.",
  502: "Something in between cannot reach the server.",
  503: "The server is full, or shutting down.",
  504: "Something in between cannot reach the server.",
};
