// Keeps in the browser what the server does not have: drafts, settings, and questions without a stored answer. All of
// it is computed from the state, so that no code that changes the state has to call this.

import type { Conversation } from "../state/conversation";
import { type Draft, draftOf, NEW_CHAT } from "../state/drafts";
import {
  draftIn,
  type KeptDraft,
  type KeptOf,
  keptIn,
  keptOf,
  keptOfNew,
  keptOfUnread,
  textOf,
  unstoredTurnFrom,
} from "../state/kept";
import type { Kept, State } from "../state/state";
import type { Store } from "../state/store";
import type { UnstoredTurn } from "../state/unstored-turns";
import { BrowserStorage } from "./browser-storage";

/** The most drafts that are kept, and the most questions; beyond it the oldest is removed. */
const MOST = 100;
/** The key of the last page of this tab that has kept a question. */
const LAST = "page";

const PROBE = "";

export class Keeper {
  readonly #store: Store;
  /** The name of this page; a reload gives it a new one. */
  readonly #page: string;
  /** Drafts are kept for all tabs, and again for this one: after a reload it finds its own. */
  readonly #drafts = new BrowserStorage("deltawire.draft.", () => localStorage);
  readonly #ownDrafts = new BrowserStorage("deltawire.draft.", () => sessionStorage);
  readonly #questions = new BrowserStorage("deltawire.question.", () => localStorage);
  readonly #tab = new BrowserStorage("deltawire.", () => sessionStorage);
  /** The contents that were written or read, by their keys. */
  #written = { drafts: new Map<string, string>(), questions: new Map<string, string>() };
  /** Questions that another page may send yet. */
  readonly #foreign = new Set<string>();
  readonly #known = new WeakMap<Conversation, { draft: Draft; kept: KeptOf }>();
  /** The questions that had been asked by the change before. */
  #prompts: State["prompts"] = [];
  /** True when the browser keeps anything at all. */
  #works = false;
  /** The questions that this tab has kept before it was reloaded. */
  readonly #own = new Set<string>();
  #stop = () => {};

  constructor(store: Store, page: string) {
    this.#store = store;
    this.#page = page;
  }

  /** Put back what was kept, then keep what changes. Return the questions that this tab had queued or sent. */
  start(): { queued: UnstoredTurn[]; sent: UnstoredTurn[] } {
    this.#works = this.#questions.set(PROBE, "");
    this.#questions.remove(PROBE);
    const kept = this.#load();
    this.#store.dispatch({ type: "restore", kept, now: Date.now() });
    this.#stop = this.#store.subscribe(() => this.#keep(this.#store.state));
    window.addEventListener("storage", this.#onOthers);
    this.#keep(this.#store.state);
    const own = kept.unstored.filter(({ question }) => this.#own.has(question.id));
    return {
      queued: own.filter(({ answer }) => answer.status === "queued"),
      sent: own.filter(({ answer }) => answer.status === "sent"),
    };
  }

  /** True when this page may send a queued question: another page may have taken it over. */
  isOwn(question: string): boolean {
    const kept = keptIn(this.#questions.get(question));
    return kept === null || kept.owner === this.#page;
  }

  /** Forget all of it, and keep nothing any more: the next person at this browser is somebody else. */
  forget(): void {
    this.#stop();
    for (const storage of [this.#drafts, this.#ownDrafts, this.#questions]) {
      for (const key of storage.keys) storage.drop(key);
    }
    this.#tab.remove(LAST);
  }

  #load(): Kept {
    const kept = {
      drafts: {} as Record<string, Draft>,
      settings: {} as Kept["settings"],
      unstored: [] as UnstoredTurn[],
    };
    const settings: Record<string, KeptDraft["settings"]> = {};
    for (const chat of new Set([...this.#drafts.keys, ...this.#ownDrafts.keys])) {
      const found = keptIn(this.#ownDrafts.get(chat)) ?? keptIn(this.#drafts.get(chat));
      if (found === null) continue;
      const { settings: changed, ...draft } = draftIn(found.content);
      kept.drafts[chat] = draft;
      settings[chat] = changed;
      this.#written.drafts.set(chat, JSON.stringify({ ...draft, settings: changed }));
    }
    const named = Object.entries(settings).filter(
      (entry): entry is [string, NonNullable<(typeof entry)[1]>] => !!entry[1],
    );
    return { ...kept, settings: Object.fromEntries(named), unstored: this.#loadQuestions() };
  }

  #loadQuestions(): UnstoredTurn[] {
    const before = this.#tab.get(LAST);
    const found = this.#questions.keys.flatMap((key) => {
      const kept = keptIn(this.#questions.get(key));
      const record = kept && unstoredTurnFrom(kept.content);
      if (!kept || !record) return [];
      if (kept.owner === before) this.#own.add(key);
      if (record.answer.status !== "queued" || kept.owner === before) return [{ ...kept, record }];
      this.#foreign.add(key);
      return [{ ...kept, record: { ...record, answer: { ...record.answer, status: "left" as const } } }];
    });
    return found.sort((one, other) => one.at - other.at).map(({ record }) => record);
  }

  #keep(state: State): void {
    const isAsked = state.prompts !== this.#prompts;
    this.#prompts = state.prompts;
    const drafts = new Map<string, KeptDraft>();
    const questions = new Map<string, UnstoredTurn>(state.unstored.map((record) => [record.question.id, record]));
    const put = (chat: string, draft: KeptDraft | null) => draft && drafts.set(chat, draft);
    if (!state.isTemporary) put(NEW_CHAT, keptOfNew(state));
    const here = new Set([NEW_CHAT]);
    for (const conversation of state.conversations) {
      here.add(conversation.id);
      if (conversation.isTemporary) continue;
      const { chat, draft, unstored } = this.#keptOf(conversation, draftOf(state, conversation.id));
      here.add(chat);
      put(chat, draft);
      for (const record of unstored) questions.set(record.question.id, record);
    }
    for (const chat of new Set([...Object.keys(state.drafts), ...Object.keys(state.settings)])) {
      if (!here.has(chat)) put(chat, keptOfUnread(state, chat));
    }
    const isKept = [this.#works, this.#writeDrafts(drafts, isAsked), this.#writeQuestions(questions)].every(Boolean);
    if (isKept !== state.isKeeping) this.#store.dispatch({ type: "keeping", isKeeping: isKept });
  }

  /** Made again only when the conversation or its draft has changed. */
  #keptOf(conversation: Conversation, draft: Draft): KeptOf {
    const known = this.#known.get(conversation);
    if (known?.draft === draft) return known.kept;
    const kept = keptOf(conversation, draft);
    this.#known.set(conversation, { draft, kept });
    return kept;
  }

  /** A draft that goes as a question is asked was sent; else its box was emptied, which is no matter of other tabs. */
  #writeDrafts(drafts: Map<string, KeptDraft>, isAsked: boolean): boolean {
    const written = this.#written.drafts;
    return this.#write(this.#drafts, written, drafts, isAsked, (chat, text) => {
      if (text === null) this.#ownDrafts.remove(chat);
      else this.#ownDrafts.set(chat, text);
    });
  }

  #writeQuestions(questions: Map<string, UnstoredTurn>): boolean {
    const written = this.#written.questions;
    for (const [key, record] of questions) {
      if (!this.#foreign.has(key)) continue;
      const content = JSON.stringify(record);
      if (record.answer.status === "left" || !written.has(key))
        written.set(key, content); // as it was read
      else if (written.get(key) !== content) this.#foreign.delete(key); // it is this page's now
    }
    return this.#write(this.#questions, written, questions, true, (_, text) => {
      if (text !== null) this.#tab.set(LAST, this.#page);
    });
  }

  /** Write what has changed, and remove what is not to be kept any more unless another page has put its own there. */
  #write<T extends KeptDraft | UnstoredTurn>(
    storage: BrowserStorage,
    written: Map<string, string>,
    contents: Map<string, T>,
    isSent: boolean,
    also: (key: string, text: string | null) => void,
  ): boolean {
    let isKept = true;
    for (const [key, value] of contents) {
      const content = JSON.stringify(value);
      if (written.get(key) === content) continue;
      const text = textOf(value, this.#page, Date.now());
      isKept = storage.set(key, text) && isKept;
      also(key, text);
      if (isKept) written.set(key, content);
      if (isKept) dropOldest(storage);
    }
    for (const [key, content] of written) {
      if (contents.has(key)) continue;
      written.delete(key);
      also(key, null);
      if (JSON.stringify(keptIn(storage.get(key))?.content) === content) storage[isSent ? "remove" : "drop"](key);
    }
    return isKept;
  }

  /** Another tab has sent a draft that stands here too, or a question that was queued there. */
  readonly #onOthers = (event: StorageEvent): void => {
    const before = keptIn(event.oldValue);
    if (event.newValue !== null || before === null) return;
    const question = this.#questions.changedIn(event);
    if (question !== null && this.#foreign.delete(question)) {
      this.#written.questions.delete(question);
      this.#store.dispatch({ type: "taken", question });
    }
    const stored = this.#drafts.changedIn(event);
    const { conversations } = this.#store.state;
    const chat = conversations.find((c) => c.stored === stored)?.id ?? stored;
    if (chat === null || stored === null) return;
    if (this.#written.drafts.get(stored) !== JSON.stringify(before.content)) return;
    if (draftOf(this.#store.state, chat).text !== "") this.#store.dispatch({ type: "write", chat, text: "" });
  };
}

function dropOldest(storage: BrowserStorage): void {
  const { keys } = storage;
  if (keys.length <= MOST) return;
  const oldest = keys
    .map((key) => ({ key, at: keptIn(storage.get(key))?.at ?? 0 }))
    .sort((one, other) => one.at - other.at);
  for (const { key } of oldest.slice(0, keys.length - MOST)) storage.drop(key);
}
