// Writes the settings of stored conversations to the store, soon after they are changed.

import { Refusal } from "../connection/api";
import type { ConversationsApi } from "../connection/conversations-api";
import { changesFrom, type Settings } from "../state/settings";
import type { Store } from "../state/store";
import { problemOf } from "../text/problems";

/** How long to wait for the next change. */
const CHANGING_MS = 500;
/** The errors of a value that is not allowed: a turn is refused for it, too, in words that fit that. */
const BAD_VALUE: ReadonlySet<string> = new Set(["invalid_frame", "message_too_large", "unknown_model"]);

export class SettingsWriter {
  readonly #store: Store;
  readonly #api: ConversationsApi;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, api: ConversationsApi) {
    this.#store = store;
    this.#api = api;
  }

  /** Change settings of the chat that is shown. */
  readonly set = (settings: Partial<Settings>): void => {
    const { shown } = this.#store.state;
    this.#store.dispatch({ type: "set", settings });
    clearTimeout(this.#timer);
    // Where they cannot be written now, the browser keeps them, and the next question brings them to the store.
    if (shown !== null) this.#timer = setTimeout(() => this.write(shown).catch(() => {}), CHANGING_MS);
  };

  /** Write what has changed of a conversation's settings. Rejects as `Api.request` does, but not for a bad value. */
  async write(id: string): Promise<void> {
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    const changes = conversation && changesFrom(conversation.saved, conversation.settings);
    if (!conversation?.stored || conversation.reading.status !== "done" || !changes) return;
    try {
      const stored = await this.#api.change(conversation.stored, { settings: changes });
      this.#store.dispatch({ type: "stored", conversation: id, stored });
    } catch (fault) {
      if (!(fault instanceof Refusal) || !BAD_VALUE.has(fault.problem.code)) throw fault;
      const problem = problemOf(fault.problem, Date.now());
      this.#store.dispatch({ type: "settings_refused", conversation: id, problem, settings: conversation.settings });
    }
  }
}
