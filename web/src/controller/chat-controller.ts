// What a person can do on the page. It makes the parts that do it, and passes on what the socket tells.

import { Api } from "../connection/api";
import type { ConnectionState } from "../connection/connection-state";
import { ConversationsApi } from "../connection/conversations-api";
import type { FilesApi } from "../connection/files-api";
import { FrameBuffer } from "../connection/frame-buffer";
import { PATHS } from "../connection/paths";
import { ChatSocket, type SocketListener } from "../connection/socket";
import { type Token, tabStorage } from "../connection/token";
import type { ErrorFrame, ModelList } from "../protocol/frames";
import { type Answer, type Conversation, runningAnswers } from "../state/conversation";
import type { Entry } from "../state/listing";
import type { Preferences } from "../state/preferences";
import { INITIAL, type Panel } from "../state/state";
import { Store } from "../state/store";
import type { Words } from "../text/words/words";
import type { Attachments } from "./attachments";
import { Conversations } from "./conversations";
import { Deletion } from "./deletion";
import { Identity } from "./identity";
import { Keeper } from "./keeper";
import type { Library } from "./library";
import { newId } from "./new-id";
import { savePreferences } from "./preference-storage";
import type { Reattachment } from "./reattachment";
import { SettingsWriter } from "./settings-writer";
import { TurnPreparation } from "./turn-preparation";
import { Turns } from "./turns";
import type { Writing } from "./writing";

export class ChatController {
  readonly store: Store;
  /** Once the page has its words. */
  readonly words: Promise<void>;
  readonly conversations: Conversations;
  readonly deletion: Deletion;
  readonly identity: Identity;
  readonly settings: SettingsWriter;
  readonly turns: Turns;
  /** For what is loaded later, too. */
  readonly api: Api;
  readonly #keeper: Keeper;
  readonly #socket: ChatSocket;
  readonly #frames = new FrameBuffer((frames) => this.turns.take(frames));
  /** What the server says may be asked, once it is asked for. */
  #facts: Promise<void> | null = null;
  readonly #makeReattachment: () => Promise<Reattachment>;
  #reattachment: Promise<Reattachment> | null = null;
  /** Made by parts that are loaded later. */
  attachments: Attachments | null = null;
  writing: Writing | null = null;
  readonly makeFilesApi: (api: typeof FilesApi) => FilesApi;
  #hasBeenOpen = false;
  readonly #makeLibrary: () => Promise<Library>;
  #library: Promise<Library> | null = null;

  /** `origin` is the server's, such as https://chat.example; `isLost` whether the page does not have its address. */
  constructor(origin: string, token: Token, preferences: Preferences, isLost: boolean, words: Promise<Words>) {
    const identity = { signedIn: token.value !== null, refusal: null };
    this.store = new Store({ ...INITIAL, identity, preferences, fresh: preferences.defaults, isLost });
    this.words = words.then((words) => this.store.dispatch({ type: "words", words }));
    this.api = new Api(origin, token);
    this.makeFilesApi = (Made) => new Made(origin, token, this.api);
    const conversationsApi = new ConversationsApi(this.api);
    this.#socket = new ChatSocket(origin, this.api, token, this.#listener());
    this.conversations = new Conversations(this.store, conversationsApi, () => this.#reattach());
    this.deletion = new Deletion(this.store, this.conversations, tabStorage());
    this.#keeper = new Keeper(this.store, newId());
    this.identity = new Identity(this.store, token, this.#socket, this.conversations, this.deletion, this.#keeper);
    this.settings = new SettingsWriter(this.store, conversationsApi);
    const facts = () => (this.#facts ??= this.#loadModels());
    const preparation = new TurnPreparation(this.store, conversationsApi, this.conversations, this.settings, facts);
    const runs = {
      stop: (answer: Answer) => this.#withRuns((it) => it.stop(answer)),
      refused: (error: ErrorFrame) => this.#withRuns((it) => it.refused(error)),
    };
    const { conversations, identity: who } = this;
    this.turns = new Turns(this.store, this.#socket, preparation, conversations, who, this.#keeper, runs);
    this.#makeLibrary = async () => {
      const [{ Library }, { LibraryApi }] = await Promise.all([
        import("./library"),
        import("../connection/library-api"),
      ]);
      return new Library(this.store, new LibraryApi(this.api), this.conversations, conversationsApi);
    };
    this.conversations.onLeave = (temporary) => {
      this.#stop(temporary);
      const remove = ({ removeFiles }: typeof import("./temporary-files")) => removeFiles(this.api, temporary);
      import("./temporary-files").then(remove, () => {}); // without it the files expire
    };
    this.turns.onEnd = (conversation) => {
      if (this.store.state.models?.titles) this.withLibrary((it) => it.makeTitle(conversation));
    };
    this.#makeReattachment = async () => {
      const { Reattachment } = await import("./reattachment");
      return new Reattachment(this.store, this.#socket, this.api, conversationsApi, this.turns.sent);
    };
  }

  /** Begin, with the chat that `showAt` shows. */
  async start(stored: string | null, unsent: string | null): Promise<void> {
    const { queued, sent } = this.#keeper.start();
    this.connect();
    this.showAt(stored, unsent);
    this.turns.resume(queued);
    this.conversations.loadAll(sent.flatMap(({ conversation }) => conversation.stored ?? []));
    await this.deletion.resume();
    this.conversations.refresh();
  }

  /** Show the chat of this id in the store, else the one of this id of the page's, else a new one. */
  showAt(stored: string | null, unsent: string | null): void {
    const isHere = this.store.state.conversations.some(({ id }) => id === unsent);
    if (stored === null && isHere) this.conversations.show(unsent);
    else if (stored !== null || this.store.state.shown !== null) this.conversations.showStored(stored);
  }

  /** Connect now. */
  readonly connect = (): void => this.#socket.connect();

  /** See that the connection lives: when the network is back, when the reader is. */
  readonly checkConnection = (): void => this.#socket.check();

  /** Connect, unless an attempt is scheduled: the reader is about to write. */
  readonly wake = (): void => this.#socket.wake();

  /** Delete a chat, unless it is undone soon. */
  remove({ id }: Entry): void {
    const conversation = this.store.state.conversations.find((c) => c.id === id);
    if (conversation) this.#stop(conversation);
    this.deletion.begin(id);
  }

  /** Prefer this from now on, and whenever the page is opened again. */
  prefer(preferences: Partial<Preferences>): void {
    this.store.dispatch({ type: "prefer", preferences });
    savePreferences(this.store.state.preferences);
  }

  /** Copy the last block of code of the branch that is shown, and say what came of it. */
  async copyLastCode(): Promise<void> {
    const { copyLastCode } = await import("./copy-code");
    await copyLastCode(this.store);
  }

  /** Open a panel over the page. */
  open(panel: Panel): void {
    this.store.dispatch({ type: "open", panel });
  }

  /** Do something with what is kept beside the chats; that part of the page is loaded when it is first needed. */
  withLibrary<T>(act: (library: Library) => Promise<T>): Promise<T | null> {
    this.#library ??= this.#makeLibrary();
    return this.#library.then(act, () => {
      this.#library = null; // the server cannot be reached; the next try may
      return null;
    });
  }

  /** Stop what is still being answered in a chat. */
  #stop(conversation: Conversation): void {
    for (const answer of runningAnswers(conversation)) this.turns.cancel(answer);
  }

  #listener(): SocketListener {
    return {
      onState: (connection) => this.#onState(connection),
      onFrame: (frame) => this.#frames.add(frame),
      onSent: (answers) => this.store.dispatch({ type: "sent", answers }),
      onLost: (reason) => {
        this.#frames.flush();
        this.store.dispatch({ type: "lost", reason });
      },
    };
  }

  #onState(connection: ConnectionState): void {
    this.store.dispatch({ type: "connection", connection });
    if (connection.status === "locked") this.identity.handshakeRefused();
    if (connection.status === "resting") this.#reattach();
    if (connection.status !== "open") return;
    this.#facts = this.#loadModels(); // each time: the server may come back with others
    this.turns.sendWaiting();
    this.#reattach();
    void this.withLibrary((it) => it.load());
    if (this.#hasBeenOpen || this.store.state.list.trouble !== null) this.conversations.refresh();
    this.#hasBeenOpen = true;
  }

  /** Take up again what goes on at the server and no connection brings. */
  #reattach(): void {
    const isAny = this.store.state.conversations.some((c) =>
      runningAnswers(c).some(({ status }) => status !== "queued"),
    );
    if (isAny) this.#withRuns((it) => it.reattach());
  }

  /** With the part that does so, which is loaded when it is first needed. */
  #withRuns(act: (runs: Reattachment) => void): void {
    this.#reattachment ??= this.#makeReattachment();
    this.#reattachment.then(act, () => {
      this.#reattachment = null; // the server cannot be reached; the next connection tries again
    });
  }

  async #loadModels(): Promise<void> {
    try {
      const response = await this.api.request(PATHS.models);
      const { headers } = response;
      const historyChars = Number(headers.get("Max-History-Chars")) || null;
      const grace = Number(headers.get("Max-Grace"));
      const fileBytes = Number(headers.get("Max-File-Bytes") ?? 0);
      const models = (await response.json()) as ModelList;
      this.store.dispatch({ type: "models", models, historyChars, grace, fileBytes });
    } catch {
      // The connection broke again, which the socket will tell.
    }
  }
}
