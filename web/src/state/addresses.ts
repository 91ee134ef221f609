// The addresses of the page: each chat has one, and so has each chat that somebody shares.

const FOLDER = "/c/";
/** As at the server. */
const CHAT = /^\/c\/([\w-]{1,64})$/;
const SHARED = /^\/s\/([\w-]{1,64})$/;
/** The address of a new chat. */
export const NOWHERE = "/";

/** The conversation that an address names; null where it names none. */
export function conversationAt(path: string): string | null {
  return CHAT.exec(path)?.[1] ?? null;
}

/** The token of the link that an address is of; null where it is none. */
export function sharedAt(path: string): string | null {
  return SHARED.exec(path)?.[1] ?? null;
}

/** Whether an address is one that the page has. */
export function isKnown(path: string): boolean {
  return path === NOWHERE || CHAT.test(path);
}

export function addressOf(stored: string | null): string {
  return stored === null ? NOWHERE : FOLDER + stored;
}

/** The chat that a place in the browser's history was of before the server knew it; null when there is none. */
export function unsentIn(state: unknown): string | null {
  const chat = typeof state === "object" && state !== null && "chat" in state ? state.chat : null;
  return typeof chat === "string" ? chat : null;
}
