// A browser does not say why a handshake failed. A plain request to the same server mostly does.

import type { Api } from "./api";
import { type ApiPath, PATHS } from "./paths";

export interface HandshakeRefusal {
  /** The status that says why; null when the server cannot be reached. */
  status: number | null;
  /** Whether the token is missing, or is not accepted. */
  locked: boolean;
}

/** Find out why no socket could be opened. Rejects when the server cannot be reached. */
export async function whyRefused(api: Api): Promise<HandshakeRefusal> {
  let status = await statusOf(api, PATHS.readiness); // which needs no token
  if (status === 200) status = await statusOf(api, PATHS.models); // which needs a token where the socket does
  return { status, locked: status === 401 };
}

async function statusOf(api: Api, path: ApiPath): Promise<number> {
  return (await api.send(path, { signal: AbortSignal.timeout(5_000) })).status;
}
