// A browser does not tell why a handshake failed. A plain request to the same server does, mostly.

/** Why the socket at `url` could not be opened, as a sentence. */
export async function whyRefused(url: string): Promise<string> {
  const ready = new URL("/readyz", url);
  ready.protocol = ready.protocol.replace("ws", "http");
  try {
    const { status } = await fetch(ready, { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    return REASONS[status] ?? `The server answers, but with an error (${status}).`;
  } catch {
    return "The server cannot be reached.";
  }
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
