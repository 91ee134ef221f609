// What the reader can do, and what comes of it: the one place that joins the store and the socket.

import type { ErrorFrame, FrameDown, ModelList } from "../frames";
import { Api } from "../link/api";
import { FrameGatherer } from "../link/gatherer";
import { ChatSocket, type LinkState } from "../link/socket";
import { type Token, tokenIn } from "../link/token";
import { lastCodeOf } from "../markdown/last-code";
import { type Answer, branchTo, isBusy, type Question, runningAnswer } from "./conversation";
import { HISTORY_CHARS, historyOf, narrower } from "./history";
import { keep, type Preferences } from "./preferences";
import { conversationWith, INITIAL, type Panel, shownConversation } from "./state";
import { Store } from "./store";
import { turnOf } from "./turn";

export class Chat {
  readonly store: Store;
  readonly #gatherer = new FrameGatherer((frames) => this.#take(frames));
  readonly #socket: ChatSocket;
  readonly #api: Api;
  readonly #token: Token;
  #historyChars = HISTORY_CHARS;

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, token: Token, preferences: Preferences) {
    const identity = { signedIn: token.value !== null, refusal: null };
    this.store = new Store({ ...INITIAL, identity, preferences, fresh: preferences.defaults });
    this.#token = token;
    this.#api = new Api(origin, token);
    this.#socket = new ChatSocket(origin, this.#api, token, {
      onState: (link) => this.#linked(link),
      onFrame: (frame) => this.#gatherer.add(frame),
      onSent: (answers) => this.store.dispatch({ type: "sent", answers }),
      onLost: (closing) => {
        this.#gatherer.flush();
        this.store.dispatch({ type: "lost", closing });
      },
    });
  }

  /** Connect now, unless there is a link: at the start, when the network is back, when the reader is. */
  readonly connect = (): void => this.#socket.connect();

  /** Connect if the link only rests: the reader is about to write. */
  readonly wake = (): void => this.#socket.wake();

  /** Say who is there, or bring a fresh token; what the server thinks of it will be told. */
  signIn(written: string): void {
    const token = tokenIn(written);
    if (token === null) {
      this.#lock("That can be no token: it holds a space, or a character that none has.");
      return;
    }
    this.#token.keep(token);
    this.store.dispatch({ type: "signed_in" });
    this.#socket.renew();
  }

  /** Forget the token, and with the page all that was said with it. */
  readonly signOut = (): void => {
    this.#token.forget();
    location.reload();
  };

  /** Ask a question at the end of the branch that is shown. */
  ask(text: string): void {
    const conversation = shownConversation(this.store.state);
    this.#ask(conversation?.id ?? newId(), conversation?.leaf ?? null, text);
  }

  /** Ask another question in place of this one. */
  edit(question: Question, text: string): void {
    const conversation = conversationWith(this.store.state, question.id);
    this.stop(); // what is on its way answers the question that is given up
    if (conversation !== null) this.#ask(conversation.id, question.parent, text);
  }

  /** Ask for another answer to the same question. */
  askAgain(answer: Answer): void {
    this.stop();
    const first = answer.problem?.retry?.first;
    if (first === "shorten_history") this.#historyChars = narrower(this.#historyChars);
    if (first === "reconnect" && !this.#isBusy) this.#socket.reconnect();
    const id = newId();
    this.store.dispatch({ type: "ask_again", question: answer.parent, answer: id });
    this.#send(id, answer.parent);
  }

  /** Stop the answer that is on its way in the conversation that is shown. */
  readonly stop = (): void => {
    const conversation = shownConversation(this.store.state);
    const answer = conversation && runningAnswer(conversation);
    if (!answer || answer.status === "stopping") return;
    const type = this.#socket.cancel(answer.id) ? "stopping" : "withdrawn";
    this.store.dispatch({ type, answer: answer.id });
  };

  /** Prefer this from now on, and whenever the page is opened again. */
  prefer(preferences: Partial<Preferences>): void {
    this.store.dispatch({ type: "prefer", preferences });
    keep(this.store.state.preferences);
  }

  /** Open a panel over the page. */
  open(panel: Panel): void {
    this.store.dispatch({ type: "open", panel });
  }

  /** Copy the last block of code of the branch that is shown. */
  async copyLastCode(): Promise<void> {
    const conversation = shownConversation(this.store.state);
    const branch = conversation ? branchTo(conversation, conversation.leaf) : [];
    const code = branch.reduce<string | null>(
      (last, { role, text }) => (role === "model" && lastCodeOf(text)) || last,
      null,
    );
    this.store.dispatch({ type: "notice", notice: code === null ? "There is no code here" : await copied(code) });
  }

  #ask(conversation: string, parent: string | null, text: string): void {
    const [question, answer] = [newId(), newId()];
    this.store.dispatch({ type: "ask", conversation, question, parent, text, answer });
    this.#send(answer, question);
  }

  #send(answer: string, question: string): void {
    const conversation = conversationWith(this.store.state, question);
    if (conversation === null) return;
    const branch = branchTo(conversation, question);
    const asked = branch.pop();
    if (asked?.role !== "user") return;
    this.#socket.ask(turnOf(answer, asked.text, historyOf(branch, this.#historyChars), conversation.settings));
  }

  #take(frames: FrameDown[]): void {
    this.store.dispatch({ type: "frames", frames, now: Date.now() });
    for (const frame of frames) if (frame.type === "error") this.#heed(frame);
  }

  /** Do what an error asks for that is about who is there. */
  #heed({ code, field, message }: ErrorFrame): void {
    const isAboutNewToken = field === "token";
    if (code === "forbidden" && isAboutNewToken) {
      this.#socket.reconnect(); // somebody else's: they get a link of their own
    } else if (code === "unauthenticated") {
      if (isAboutNewToken) this.#token.revert();
      this.#lock(message);
    }
  }

  #lock(refusal: string | null): void {
    this.store.dispatch({ type: "locked", signedIn: this.#token.value !== null, refusal });
  }

  #linked(link: LinkState): void {
    this.store.dispatch({ type: "link", link });
    if (link.status === "locked") {
      const wasRefused = this.#token.value !== null;
      this.#token.forget();
      this.#lock(wasRefused ? "The server does not take this token: it does not know it, or it has expired." : null);
    }
    if (link.status === "open") void this.#askForModels(); // each time: the server may come back with others
  }

  async #askForModels(): Promise<void> {
    try {
      const response = await this.#api.get("/models");
      if (response.ok) this.store.dispatch({ type: "models", models: (await response.json()) as ModelList });
    } catch {
      // The link broke again, which the socket will tell.
    }
  }

  get #isBusy(): boolean {
    return this.store.state.conversations.some(isBusy);
  }
}

/** Copy a text; what came of it, as a sentence. */
async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Code copied";
  } catch {
    return "The browser does not let this page copy";
  }
}

/** Not `randomUUID`: a page that came over plain http from another machine has none. */
function newId(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return high.toString(36) + low.toString(36);
}
