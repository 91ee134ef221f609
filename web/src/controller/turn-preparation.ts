// Brings everything that a turn is asked with into the store, before it is asked.

import type { ConversationsApi } from "../connection/conversations-api";
import type { TurnRequest } from "../protocol/turn-request";
import { offered } from "../state/settings";
import { conversationWith, type State } from "../state/state";
import type { Store } from "../state/store";
import { mayBeStored, temporaryRequest, turnRequest } from "../state/turn-request";
import type { Conversations } from "./conversations";
import { readConversation } from "./read-conversation";
import type { SettingsWriter } from "./settings-writer";

export class TurnPreparation {
  readonly #store: Store;
  readonly #api: ConversationsApi;
  readonly #conversations: Conversations;
  readonly #settings: SettingsWriter;
  readonly #facts: () => Promise<void>;
  /** The conversations that are being made in the store, by the page's ids. */
  readonly #making = new Map<string, Promise<void>>();

  /** `facts` resolves once the server has said what may be asked, or could not be reached. */
  constructor(
    store: Store,
    api: ConversationsApi,
    conversations: Conversations,
    settings: SettingsWriter,
    facts: () => Promise<void>,
  ) {
    this.#store = store;
    this.#api = api;
    this.#conversations = conversations;
    this.#settings = settings;
    this.#facts = facts;
  }

  /**
   * The frame that asks for an answer, once the store holds all that it needs; null when the answer is no longer
   * wanted. Rejects with a `Refusal`, or when the server cannot be reached.
   */
  async requestFor(answer: string, question: string): Promise<TurnRequest | null> {
    const before = queuedTurn(this.#store.state, answer, question);
    if (before === null) return null;
    const { id } = before.conversation;
    if (before.conversation.isTemporary) {
      await this.#facts();
      const { models, historyChars } = this.#store.state;
      const now = queuedTurn(this.#store.state, answer, question);
      return (
        now &&
        temporaryRequest(answer, now.conversation, now.question, offered(now.answer.settings, models), historyChars)
      );
    }
    await Promise.all([this.#keep(id), this.#facts()]);
    const { stored } = queuedTurn(this.#store.state, answer, question)?.conversation ?? {};
    const turn = queuedTurn(this.#store.state, answer, question);
    if (stored && turn && mayBeStored(turn.conversation, turn.question)) {
      await readConversation(this.#store, this.#api, id, stored);
    }
    const now = queuedTurn(this.#store.state, answer, question);
    if (now === null) return null;
    const { models, grace } = this.#store.state;
    return turnRequest(answer, now.conversation, now.question, offered(now.answer.settings, models), grace);
  }

  /** Make a conversation in the store, once, and keep its settings there. */
  async #keep(id: string): Promise<void> {
    const making = this.#making.get(id) ?? this.#make(id).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    await making;
    await this.#settings.write(id);
  }

  async #make(id: string): Promise<void> {
    const conversation = this.#store.state.conversations.find((c) => c.id === id);
    if (conversation === undefined || conversation.stored !== null) return;
    this.#store.dispatch({ type: "stored", conversation: id, stored: await this.#api.create(conversation.title) });
    this.#conversations.changed();
  }
}

/** A turn that still waits to be sent; null when it does not. */
function queuedTurn(state: State, answerId: string, questionId: string) {
  const conversation = conversationWith(state, questionId);
  const [question, answer] = [conversation?.messages[questionId], conversation?.messages[answerId]];
  if (!conversation || question?.role !== "user" || answer?.role !== "model" || answer.status !== "queued") return null;
  return { conversation, question, answer };
}
