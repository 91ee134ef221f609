// Who the reader is to the server: signs in and out, and does what an error about the token asks for.

import type { ChatSocket } from "../connection/socket";
import { type Token, tokenIn } from "../connection/token";
import type { ErrorFrame } from "../protocol/frames";
import type { Store } from "../state/store";
import type { Sentence } from "../text/words/words";
import type { Conversations } from "./conversations";
import type { Deletion } from "./deletion";
import type { Keeper } from "./keeper";

const EXPIRED: Sentence = { say: "token_expired" };
const NOT_TAKEN: Sentence = { say: "token_not_taken" };

export class Identity {
  readonly #store: Store;
  readonly #token: Token;
  readonly #socket: ChatSocket;
  readonly #conversations: Conversations;
  readonly #deletion: Deletion;
  readonly #keeper: Keeper;

  constructor(
    store: Store,
    token: Token,
    socket: ChatSocket,
    conversations: Conversations,
    deletion: Deletion,
    keeper: Keeper,
  ) {
    this.#store = store;
    this.#token = token;
    this.#socket = socket;
    this.#conversations = conversations;
    this.#deletion = deletion;
    this.#keeper = keeper;
  }

  /** Use the token in what was written; the server says later whether it accepts it. */
  signIn(written: string): void {
    const token = tokenIn(written);
    if (token === null) {
      this.#askForToken({ say: "token_malformed" });
      return;
    }
    this.#token.keep(token);
    this.#store.dispatch({ type: "signed_in" });
    this.#socket.renew();
    if (this.#store.state.connection.status === "open") this.#conversations.refresh();
  }

  /** Forget the token, and with the page everything that was said with it. */
  readonly signOut = (): void => {
    this.#startAnew();
    this.#token.forget();
  };

  /** The server refused a handshake for its token, or for want of one. */
  handshakeRefused(): void {
    const wasRefused = this.#token.value !== null;
    this.#token.forget();
    this.#askForToken(wasRefused ? NOT_TAKEN : null);
  }

  /** Do what an error asks for, if it is about the token. */
  handle({ code, field, message }: ErrorFrame): void {
    const isAboutNewToken = field === "token";
    if (code === "forbidden" && isAboutNewToken) {
      const { value } = this.#token; // another person's: they get a new page, with nothing of the person before
      this.#token.revert();
      this.#startAnew();
      if (value !== null) this.#token.keep(value);
    } else if (code === "unauthenticated") {
      if (isAboutNewToken) this.#token.revert();
      this.#askForToken(/expired/.test(message) ? EXPIRED : NOT_TAKEN);
    }
  }

  /** Load the page again. What is deleted is deleted with the token of now, which the caller replaces after this. */
  #startAnew(): void {
    this.#deletion.finish();
    this.#keeper.forget();
    this.#socket.close(); // which ends what is coming
    location.reload();
  }

  #askForToken(refusal: Sentence | null): void {
    this.#store.dispatch({ type: "locked", signedIn: this.#token.value !== null, refusal });
  }
}
