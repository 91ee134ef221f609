// What a reader keeps beside the chats: places in the list, folders, prompts, links; and what is done to many at once.

import type { ConversationsApi } from "../connection/conversations-api";
import type { Format, LibraryApi, NewLink } from "../connection/library-api";
import type { ConversationPage, MadeShare } from "../protocol/frames";
import { titleOf } from "../state/conversation-tree";
import type { Entry, Place } from "../state/listing";
import type { Store } from "../state/store";
import { say } from "../text/words/words";
import type { Conversations } from "./conversations";
import { reasonOf } from "./faults";
import { type Imported, importText, NoExport } from "./import-file";
import { saveFile } from "./save-file";

export class Library {
  readonly api: LibraryApi;
  readonly #store: Store;
  readonly #conversations: Conversations;
  readonly #conversationsApi: ConversationsApi;
  /** The chats whose titles the model could not make. */
  readonly #untitled = new Set<string>();

  constructor(store: Store, api: LibraryApi, conversations: Conversations, conversationsApi: ConversationsApi) {
    this.#store = store;
    this.api = api;
    this.#conversations = conversations;
    this.#conversationsApi = conversationsApi;
  }

  /** Load the folders, the prompts and the pinned chats. */
  readonly load = (): Promise<void> => this.loadAgain().catch(() => {}); // the list itself says what is wrong

  /** As `load`, but reject as `Api.request` does. */
  async loadAgain(): Promise<void> {
    const pinned = this.api.places({ pinned: "true" });
    const [folders, commands, page] = await Promise.all([this.api.folders(), this.api.prompts(), pinned]);
    this.#store.dispatch({ type: "library", folders, commands });
    this.#store.dispatch({ type: "also_listed", page });
  }

  /** Load the chats of a folder, which may be on pages that are not here. */
  async openFolder(folder: string): Promise<void> {
    await this.#try(async () => {
      this.#store.dispatch({ type: "also_listed", page: await this.api.places({ folder }) });
    });
  }

  /** So many pages of the archived chats. Rejects as `Api.request` does. */
  async archived(pages: number): Promise<ConversationPage> {
    let { conversations, next } = await this.api.places({ archived: "true" });
    for (let page = 1; page < pages && next !== null; page += 1) {
      const more = await this.api.places({ archived: "true" }, next);
      conversations = [...conversations, ...more.conversations];
      next = more.next;
    }
    return { conversations, next };
  }

  /** Put chats somewhere else in the list. */
  async place(chats: readonly Entry[], place: Place): Promise<void> {
    await this.#try(async () => {
      for (const { id, stored } of chats) {
        if (stored === null) continue;
        await this.#conversationsApi.change(stored, place);
        this.#store.dispatch({ type: "place", conversation: id, place });
        if (place.archived && this.#store.state.shown === id) this.#conversations.show(null);
      }
      if (place.archived !== undefined) this.#notice(place.archived ? this.#store.state.words.archived_one : null);
    });
    this.#conversations.changed();
  }

  /** Bring an archived chat back into the list. */
  async bringBack(stored: string): Promise<void> {
    await this.#try(async () => void (await this.#conversationsApi.change(stored, { archived: false })));
    this.#conversations.changed();
  }

  /** Delete several chats at once; it cannot be undone. */
  async delete(chats: readonly string[]): Promise<void> {
    const gone: string[] = [];
    await this.#try(async () => {
      for (const stored of chats) {
        await this.#conversationsApi.remove(stored);
        gone.push(stored);
      }
    });
    this.#unlist(gone);
  }

  async deleteAll(): Promise<void> {
    await this.#try(async () => {
      await this.api.deleteAll();
      this.#unlist(this.#store.state.list.entries.flatMap(({ stored }) => stored ?? []));
      this.#notice(this.#store.state.words.deleted_all);
    });
  }

  /** Do something to folders or prompts; then load them again. Return whether it was done. */
  async change(act: (api: LibraryApi) => Promise<unknown>): Promise<boolean> {
    const isDone = await this.#try(async () => void (await act(this.api)));
    await this.load();
    this.#conversations.tellOtherTabs();
    return isDone;
  }

  /** Make a link to the branch that ends in a message; null where that did not work. */
  async share(conversation: string, link: NewLink): Promise<MadeShare | null> {
    let made: MadeShare | null = null;
    await this.#try(async () => {
      made = await this.api.createLink(conversation, link);
    });
    return made;
  }

  /** Hand a chat to the reader as a download. */
  async export({ stored }: Entry, format: Format): Promise<void> {
    if (stored === null) return;
    try {
      saveFile(await this.api.file(stored, format));
    } catch (fault) {
      this.#notice(say(this.#store.state.words, "not_exported", { why: reasonOf(fault) }));
    }
  }

  async exportAll(): Promise<void> {
    await this.#try(async () => saveFile({ name: "conversations.json", content: await this.api.everything() }));
  }

  /** Import a file; what came of it as sentences. */
  async import(file: File, onPart: (done: number, all: number) => void): Promise<string> {
    const { words } = this.#store.state;
    try {
      const found = await importText(await file.text(), this.api.importPart, onPart);
      this.#conversations.changed();
      await this.load();
      return this.#sentenceOf(found);
    } catch (fault) {
      const why = fault instanceof NoExport ? words.import_no_export : reasonOf(fault);
      return say(words, "import_failed", { why });
    }
  }

  /** Let the model make a title for a chat that nobody has named: after its first answer, or the next where that failed. */
  async makeTitle(id: string): Promise<void> {
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    if (!this.#store.state.models?.titles || !conversation?.stored) return;
    const { messages, title, stored } = conversation;
    const [first, last, more] = Object.values(messages);
    if (first?.role !== "user" || last?.role !== "model" || title !== titleOf(first.text)) return;
    if (more !== undefined && !this.#untitled.has(id)) return;
    try {
      const made = await this.api.makeTitle(stored);
      this.#untitled.delete(id);
      this.#store.dispatch({ type: "rename", conversation: id, title: made.title });
      this.#conversations.tellOtherTabs();
    } catch {
      this.#untitled.add(id); // until the next answer it keeps the beginning of its question
    }
  }

  #sentenceOf({ count, failed }: Imported): string {
    const { words } = this.#store.state;
    const done = say(words, "imported", { n: count });
    return failed.length === 0 ? done : `${done} ${say(words, "import_some_failed", { names: failed.join(", ") })}`;
  }

  #unlist(stored: readonly string[]): void {
    const { shown, list } = this.#store.state;
    const ids = list.entries.flatMap((entry) => (entry.stored && stored.includes(entry.stored) ? [entry.id] : []));
    if (shown !== null && ids.includes(shown)) this.#conversations.show(null);
    this.#store.dispatch({ type: "unlisted", conversations: ids });
    this.#conversations.changed();
  }

  async #try(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (fault) {
      this.#notice(say(this.#store.state.words, "not_done", { why: reasonOf(fault) }));
      return false;
    }
  }

  #notice(notice: string | null): void {
    this.#store.dispatch({ type: "notice", notice });
  }
}
