// What the reader can do, and what comes of it: the one place that joins the store, the socket and the library.

import { Api, Refusal } from "../connection/api";
import type { ConnectionState } from "../connection/connection-state";
import type { Format } from "../connection/conversations-api";
import { FrameBuffer } from "../connection/frame-buffer";
import { PATHS } from "../connection/paths";
import { ChatSocket } from "../connection/socket";
import { type Token, tabStorage, tokenIn } from "../connection/token";
import { lastCodeOf } from "../markdown/last-code";
import type { ErrorFrame, FrameDown, ModelList, UsageReport } from "../protocol/frames";
import { type Answer, branchTo, lastAnswer, type Question, runningAnswer, runningAnswers } from "../state/conversation";
import type { Entry } from "../state/listing";
import { keep, type Preferences } from "../state/preferences";
import { conversationWith, INITIAL, idOf, type Panel, shownConversation } from "../state/state";
import { Store } from "../state/store";
import { type Remedy, unreachable } from "../text/problems";
import { Library } from "./conversations";
import { Deletion } from "./deletion";

export class Chat {
  readonly store: Store;
  readonly #gatherer = new FrameBuffer((frames) => this.#take(frames));
  readonly #socket: ChatSocket;
  readonly #api: Api;
  readonly #token: Token;
  readonly #library: Library;
  readonly #deletion: Deletion;
  #hasBeenOpen = false;
  #whenOpen: (() => void)[] = [];

  /** `origin` is the server's, such as https://chat.example. */
  constructor(origin: string, token: Token, preferences: Preferences) {
    const identity = { signedIn: token.value !== null, refusal: null };
    this.store = new Store({ ...INITIAL, identity, preferences, fresh: preferences.defaults });
    this.#token = token;
    this.#api = new Api(origin, token);
    this.#library = new Library(this.store, this.#api);
    this.#deletion = new Deletion(this.store, this.#library, tabStorage());
    this.#socket = new ChatSocket(origin, this.#api, token, {
      onState: (connection) => this.#onState(connection),
      onFrame: (frame) => this.#gatherer.add(frame),
      onSent: (answers) => this.store.dispatch({ type: "sent", answers }),
      onLost: (reason) => {
        this.#gatherer.flush();
        this.store.dispatch({ type: "lost", reason });
      },
    });
  }

  /** Connect now, unless there is a connection: at the start, when the network is back, when the reader is. */
  readonly connect = (): void => this.#socket.connect();

  /** Connect unless an attempt is scheduled: the reader is about to write. */
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
    if (this.store.state.connection.status === "open") this.refresh();
  }

  /** Forget the token, and with the page all that was said with it. */
  readonly signOut = (): void => {
    this.#token.forget();
    location.reload();
  };
  /** Begin, with the chat of this id in the store; null for a new one. */
  async start(stored: string | null): Promise<void> {
    this.connect();
    this.showStored(stored);
    await this.#deletion.resume();
    this.refresh();
  }

  /** Look again at what is kept: the reader is back, or wants it. */
  readonly refresh = (): void => void this.#library.refresh();

  /** The next page of what is listed. */
  readonly more = (): void => void this.#library.more();

  /** Show the chat of this name of the page's; null for a new one. */
  show(id: string | null): void {
    this.store.dispatch({ type: "show", conversation: id });
    const conversation = shownConversation(this.store.state);
    if (conversation !== null) void this.#library.readIfNews(conversation);
  }

  /** Show the chat of this id in the store; null for a new one. */
  showStored(stored: string | null): void {
    this.show(stored && idOf(this.store.state, stored));
  }

  /** Ask a question at the end of the branch that is shown. */
  ask(text: string): void {
    const conversation = shownConversation(this.store.state);
    this.#ask(conversation?.id ?? newId(), conversation && lastAnswer(conversation), text);
  }

  /** Ask another question in place of this one. */
  edit(question: Question, text: string): void {
    const conversation = conversationWith(this.store.state, question.id);
    this.stop(); // what is on its way answers the question that is given up
    if (conversation !== null) this.#ask(conversation.id, question.parent, text);
  }

  /** Ask for another answer to a question. */
  askAgain(question: string, first: Remedy | null = null): void {
    this.stop();
    if (first === "reconnect" && !this.#isBusy) this.#socket.reconnect();
    const answer = newId();
    this.store.dispatch({ type: "ask_again", question, answer, now: Date.now() });
    void this.#send(answer, question);
  }

  /** Stop the answer that is on its way in the conversation that is shown. */
  readonly stop = (): void => {
    const answer = runningAnswer(shownConversation(this.store.state));
    if (answer !== null) this.#stop(answer);
  };

  /** Look for words in all chats, for none to list them all. */
  search(words: string): void {
    this.store.dispatch({ type: "search", words });
    this.#library.search(words);
  }

  rename({ id, stored, title: before }: Entry, title: string): void {
    if (stored !== null && title !== before) void this.#library.rename(id, stored, title, before);
  }

  export({ stored }: Entry, format: Format): void {
    if (stored !== null) void this.#library.export(stored, format);
  }

  /** Delete a chat, unless `undo` follows soon. */
  remove({ id }: Entry): void {
    const conversation = this.store.state.conversations.find((c) => c.id === id);
    for (const answer of conversation ? runningAnswers(conversation) : []) this.#stop(answer);
    this.#deletion.begin(id);
  }

  readonly undo = (): void => this.#deletion.undo();

  /** The reader leaves, perhaps for good. */
  readonly leave = (): void => this.#deletion.leave();

  /** Prefer this from now on, and whenever the page is opened again. */
  prefer(preferences: Partial<Preferences>): void {
    this.store.dispatch({ type: "prefer", preferences });
    keep(this.store.state.preferences);
  }

  /** Open a panel over the page. */
  open(panel: Panel): void {
    this.store.dispatch({ type: "open", panel });
  }

  /** What the reader used today, and what is left; null when the server does not say. */
  async usage(): Promise<UsageReport | null> {
    try {
      return (await (await this.#api.request(`${PATHS.usage}?days=1`)).json()) as UsageReport;
    } catch {
      return null;
    }
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
    this.store.dispatch({ type: "ask", conversation, question, parent, text, answer, now: Date.now() });
    void this.#send(answer, question);
  }

  /** Send a turn once all that it needs is in the store; while there is no connection, or no token for it, wait for one. */
  async #send(answer: string, question: string): Promise<void> {
    try {
      const turn = await this.#library.turnFor(answer, question);
      if (turn !== null) this.#socket.ask(turn);
    } catch (fault) {
      const problem = fault instanceof Refusal ? fault.problem : unreachable();
      const mayPass = !(fault instanceof Refusal) || problem.code === "unauthenticated";
      if (mayPass && this.store.state.connection.status !== "open") {
        this.#socket.wake();
        await new Promise<void>((resolve) => this.#whenOpen.push(resolve));
        return this.#send(answer, question);
      }
      this.#take([{ ...problem, type: "error", id: answer }]);
    }
  }

  #stop(answer: Answer): void {
    if (answer.status === "queued") {
      this.#socket.withdraw(answer.id);
      this.store.dispatch({ type: "withdrawn", answer: answer.id });
    } else if (answer.status !== "stopping") {
      this.#socket.cancel(answer.id);
      this.store.dispatch({ type: "stopping", answer: answer.id });
    }
  }

  #take(frames: FrameDown[]): void {
    this.store.dispatch({ type: "frames", frames, now: Date.now() });
    if (frames.some(({ type }) => type === "usage" || type === "error")) this.#library.tell();
    for (const frame of frames) if (frame.type === "error") this.#heed(frame);
  }

  /** Do what an error asks for that is about who is there. */
  #heed({ code, field, message }: ErrorFrame): void {
    const isAboutNewToken = field === "token";
    if (code === "forbidden" && isAboutNewToken) {
      location.reload(); // somebody else's: they get a page of their own, with nothing of whoever was here
    } else if (code === "unauthenticated") {
      if (isAboutNewToken) this.#token.revert();
      this.#lock(message);
    }
  }

  #lock(refusal: string | null): void {
    this.store.dispatch({ type: "locked", signedIn: this.#token.value !== null, refusal });
  }

  #onState(connection: ConnectionState): void {
    this.store.dispatch({ type: "connection", connection });
    if (connection.status === "locked") {
      const wasRefused = this.#token.value !== null;
      this.#token.forget();
      this.#lock(wasRefused ? "The server does not take this token: it does not know it, or it has expired." : null);
    }
    if (connection.status !== "open") return;
    for (const resolve of this.#whenOpen.splice(0)) resolve();
    void this.#askForModels(); // each time: the server may come back with others
    if (this.#hasBeenOpen || this.store.state.list.trouble !== null) this.refresh();
    this.#hasBeenOpen = true;
  }

  async #askForModels(): Promise<void> {
    try {
      const models = (await (await this.#api.request(PATHS.models)).json()) as ModelList;
      this.store.dispatch({ type: "models", models });
    } catch {
      // The connection broke again, which the socket will tell.
    }
  }

  get #isBusy(): boolean {
    return this.store.state.conversations.some((conversation) => runningAnswers(conversation).length > 0);
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
