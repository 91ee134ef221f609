// Sends the files of message boxes to the server, and brings back the content of those that are there.

import { Refusal } from "../connection/api";
import { FilesApi } from "../connection/files-api";
import type { ShownFile } from "../protocol/frames";
import { type Attachment, filesOf } from "../state/attachments";
import { type Conversation, lastAnswer } from "../state/conversation";
import { draftOf, NEW_CHAT } from "../state/drafts";
import { conversationWith, type State, shownPlace } from "../state/state";
import type { Store } from "../state/store";
import { unstoredTurnsIn } from "../state/unstored-turns";
import { refusalOf, tooLarge } from "../text/file-words";
import { say } from "../text/words/words";
import type { ChatController } from "./chat-controller";
import type { Identity } from "./identity";
import { newId } from "./new-id";
import { PictureCache } from "./picture-cache";
import { saveFile } from "./save-file";
import type { Turns } from "./turns";

const MOST_FILES = 16;
/** So many are sent at once. */
const AT_ONCE = 3;

/** A file that is sent, or was not taken. */
interface Sending {
  file: File;
  abort: AbortController;
}

/** Those of the page, which are made when they are first needed. */
export function attachmentsOf(chat: ChatController): Attachments {
  const { store, turns, identity } = chat;
  chat.attachments ??= new Attachments(store, chat.makeFilesApi(FilesApi), turns, identity);
  return chat.attachments;
}

export class Attachments {
  readonly #store: Store;
  readonly #api: FilesApi;
  readonly #turns: Turns;
  readonly #identity: Identity;
  readonly #pictures: PictureCache;
  /** The files that the server does not have, by their keys. */
  readonly #sending = new Map<string, Sending>();
  /** The keys of those that wait until others are sent. */
  #waiting: string[] = [];
  #running = 0;
  #wasOpen = true;

  constructor(store: Store, api: FilesApi, turns: Turns, identity: Identity) {
    this.#store = store;
    this.#api = api;
    this.#turns = turns;
    this.#identity = identity;
    this.#pictures = new PictureCache((id) => api.content(id));
    store.subscribe(() => {
      this.#sendWaiting();
      this.#sendAgain();
    });
  }

  /** Add files to the message box of the chat that is shown, and send them to the server. */
  add(files: readonly File[]): void {
    const place = shownPlace(this.#store.state);
    const here = draftOf(this.#store.state, place).files;
    let room = MOST_FILES - here.filter(({ refusal }) => refusal === null).length;
    const added = files.map((file) => {
      const refusal =
        this.#refusalOf(file) ?? (room > 0 ? null : say(this.#store.state.words, "file_many", { n: MOST_FILES }));
      if (refusal === null) room -= 1;
      return { ...attachmentOf(file), refusal };
    });
    added.forEach(({ key }, index) => {
      this.#sending.set(key, { file: files[index] as File, abort: new AbortController() });
    });
    this.#put(place, [...here, ...added]);
    for (const { key, refusal } of added) if (refusal === null) this.#enqueue(key);
  }

  /** Take a file out of its box. */
  remove(key: string): void {
    this.#waiting = this.#waiting.filter((it) => it !== key);
    this.#sending.get(key)?.abort.abort();
    this.#sending.delete(key);
    this.#change(key, () => null);
  }

  /** Send a file again that was not taken. */
  retry(key: string): void {
    const sending = this.#sending.get(key);
    if (sending === undefined) return;
    sending.abort = new AbortController();
    this.#change(key, (it) => ({ ...it, refusal: null, progress: 0 }));
    this.#enqueue(key);
  }

  /** The address of a small picture of a file; null where there is none. At most `edge` pixels wide and high. */
  thumbnail({ key, id, type }: Attachment | (ShownFile & { key?: string }), edge: number): Promise<string | null> {
    return this.#pictures.thumbnail(id, type, key === undefined ? undefined : this.#sending.get(key)?.file, edge);
  }

  /** The whole of a picture, as an address. Rejects as `Api.request` does. */
  picture(file: ShownFile): Promise<string> {
    return this.#pictures.whole(file);
  }

  /** Hand a file to the reader as a download. Rejects as `Api.request` does. */
  async save({ id, name }: ShownFile): Promise<void> {
    saveFile({ name, content: await this.#api.content(id) });
  }

  #refusalOf({ size }: File): string | null {
    const { fileBytes, words } = this.#store.state;
    if (size === 0) return words.file_empty;
    return size > fileBytes && fileBytes > 0 ? tooLarge(words, size, fileBytes) : null;
  }

  #enqueue(key: string): void {
    this.#waiting.push(key);
    this.#next();
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const key = this.#waiting.shift();
      const sending = key === undefined ? undefined : this.#sending.get(key);
      if (key === undefined) return;
      if (sending === undefined) continue;
      this.#running += 1;
      void this.#send(key, sending).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #send(key: string, { file, abort }: Sending): Promise<void> {
    const onProgress = (progress: number) => this.#change(key, (it) => ({ ...it, progress }));
    try {
      const { id, name, type, size } = await this.#api.upload(file, onProgress, abort.signal);
      this.#pictures.keep(id, file);
      this.#change(key, (it) => ({ ...it, id, name, type, size, progress: 1 }));
      this.#sending.delete(key);
    } catch (fault) {
      if (abort.signal.aborted) return;
      const problem = fault instanceof Refusal ? fault.problem : null;
      const { words, fileBytes } = this.#store.state;
      const refusal = refusalOf(words, problem, file.size, fileBytes);
      const mayPass = problem === null || problem.retryable || problem.code === "unauthenticated";
      this.#change(key, (it) => ({ ...it, refusal, mayPass }));
      if (problem !== null) this.#identity.handle(problem);
    }
  }

  /** Change a file in whatever box it stands; null takes it away. */
  #change(key: string, changed: (attachment: Attachment) => Attachment | null): void {
    for (const [place, { files, waits }] of Object.entries(this.#store.state.drafts)) {
      if (!files.some((it) => it.key === key)) continue;
      this.#put(
        place,
        files.flatMap((it) => (it.key === key ? (changed(it) ?? []) : it)),
        waits,
      );
    }
  }

  #put(chat: string, files: readonly Attachment[], waits = false): void {
    this.#store.dispatch({ type: "attach", chat, files, waits });
  }

  /** Send again what did not reach the server, once the connection is back. */
  #sendAgain(): void {
    const isOpen = this.#store.state.connection.status === "open";
    const isBack = isOpen && !this.#wasOpen;
    this.#wasOpen = isOpen;
    if (!isBack) return;
    const files = Object.values(this.#store.state.drafts).flatMap((draft) => draft.files);
    for (const { key, refusal, mayPass } of files) if (refusal !== null && mayPass) this.retry(key);
  }

  /** Send the questions that wait for their files, once they are there; or say why not. */
  #sendWaiting(): void {
    for (const place of Object.keys(this.#store.state.drafts)) this.#sendFrom(place);
  }

  #sendFrom(place: string): void {
    const { state } = this.#store;
    const { files, text, waits } = draftOf(state, place);
    if (!waits || files.some(({ id, refusal }) => id === null && refusal === null)) return;
    const isHere = place === shownPlace(state);
    const chat = state.conversations.find(({ id }) => id === place) ?? null;
    if (!isHere && !mayAskElsewhere(state, place, chat)) return;
    this.#put(place, files);
    if (files.some(({ id }) => id === null)) {
      this.#store.dispatch({ type: "notice", notice: state.words.not_sent_file });
    } else if (isHere) this.#turns.ask(text);
    else this.#askElsewhere(place, chat, text, files);
  }

  /** Ask in a chat that is not shown, and leave the one that is in its place. */
  #askElsewhere(from: string, chat: Conversation | null, text: string, attachments: readonly Attachment[]): void {
    const { shown } = this.#store.state;
    const [conversation, question] = [chat?.id ?? newId(), newId()];
    const fields = { parent: chat && lastAnswer(chat), replaces: null, text, files: filesOf(attachments) };
    this.#store.dispatch({ type: "ask", from, conversation, question, answer: newId(), now: Date.now(), ...fields });
    this.#store.dispatch({ type: "show", conversation: shown });
    const begun = conversationWith(this.#store.state, question);
    if (begun === null) return;
    const queued = unstoredTurnsIn({ ...begun, stored: null }); // by its name in this page
    this.#turns.resume(queued.filter((turn) => turn.question.id === question));
  }
}

/** Whether the chat of this place can be asked in while another is shown. One that is being deleted may come back. */
function mayAskElsewhere({ deleting, isTemporary }: State, place: string, chat: Conversation | null): boolean {
  if (place === NEW_CHAT) return !isTemporary; // a temporary one would be gone as soon as it is left
  return chat?.reading.status === "done" && deleting?.entry.id !== place;
}

function attachmentOf({ name, type, size }: File): Attachment {
  return { key: newId(), name, type, size, id: null, progress: 0, refusal: null, mayPass: false };
}
