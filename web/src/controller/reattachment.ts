// Takes up again the answers that go on at the server while no connection brings them. Loaded after the first paint.

import type { Api } from "../connection/api";
import type { ConversationsApi } from "../connection/conversations-api";
import { PATHS } from "../connection/paths";
import type { ChatSocket } from "../connection/socket";
import type { ErrorFrame } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import { type Answer, type Conversation, runningAnswers } from "../state/conversation";
import { conversationWith } from "../state/state";
import type { Store } from "../state/store";
import { lostRun } from "../text/run-problems";
import { isGone } from "./faults";
import { readConversation } from "./read-conversation";

/** How long to wait before the next attempt where nobody says how long. */
const AGAIN_MS = 1_000;
/** The server has nothing more of a run, so its conversation has what was kept. */
const OVER: ReadonlySet<string> = new Set(["gone", "not_found", "invalid_frame"]);

export class Reattachment {
  readonly #store: Store;
  readonly #socket: ChatSocket;
  readonly #api: Api;
  readonly #conversations: ConversationsApi;
  /** The turns that were sent, by their ids. */
  readonly #sent: Map<string, TurnRequest>;
  /** Those that were sent again: once is enough. */
  readonly #again = new Set<string>();
  /** The answers that are looked for in their conversations. */
  readonly #finding = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    store: Store,
    socket: ChatSocket,
    api: Api,
    conversations: ConversationsApi,
    sent: Map<string, TurnRequest>,
  ) {
    this.#store = store;
    this.#socket = socket;
    this.#api = api;
    this.#conversations = conversations;
    this.#sent = sent;
  }

  /** Hear each answer again that no connection brings. Without a connection there is one soon: then it is called again. */
  readonly reattach = (): void => {
    for (const conversation of this.#store.state.conversations) {
      for (const answer of runningAnswers(conversation)) {
        if (!this.#isAway(answer)) continue;
        if (this.#store.state.connection.status !== "open") this.#socket.wake();
        else if (answer.run === null) void this.#findInConversation(conversation, answer.id);
        else this.#resume(answer, answer.run);
      }
    }
  };

  /** The server does not let a run be heard. */
  refused(error: ErrorFrame): void {
    const answer = error.ref ?? "";
    const conversation = conversationWith(this.#store.state, answer);
    if (conversation === null || this.#socket.carries(answer)) return;
    this.#store.dispatch({ type: "not_resumed", answer });
    if (OVER.has(error.code)) void this.#findInConversation(conversation, answer, true);
    else if (error.code !== "unauthenticated") this.#later((error.retry_after ?? 0) * 1000); // else with the next token
  }

  /** Stop a run while there is no connection: by a request, or else as soon as there is one. */
  async stop({ run }: Answer): Promise<void> {
    if (run === null) return;
    try {
      await this.#api.request(`${PATHS.runs}/${run.name}`, { method: "DELETE", keepalive: true });
    } catch {
      // It is stopped when it is heard again.
    }
  }

  #isAway({ id, status }: Answer): boolean {
    return (status === "reconnecting" || status === "stopping") && !this.#socket.carries(id) && !this.#finding.has(id);
  }

  #resume({ id, status }: Answer, run: NonNullable<Answer["run"]>): void {
    this.#socket.resume(run.name, run.seq, id);
    if (status === "stopping") this.#socket.cancel(id, run.name);
    this.#store.dispatch({ type: "resumed", answer: id });
  }

  /** Look for an answer in its conversation; `isOver` when it has no run any more. */
  async #findInConversation({ id, stored }: Conversation, answer: string, isOver = false): Promise<void> {
    if (stored === null) return;
    this.#finding.add(answer);
    try {
      await readConversation(this.#store, this.#conversations, id, stored);
      this.#finding.delete(answer);
      this.#settle(answer, isOver);
      this.reattach(); // what else the conversation told
    } catch (fault) {
      this.#finding.delete(answer);
      if (isGone(fault)) this.#giveUp(answer);
      else this.#later(0);
    }
  }

  /** Do what is left to do for an answer, once its conversation is read. */
  #settle(id: string, isOver: boolean): void {
    const conversation = conversationWith(this.#store.state, id);
    const answer = conversation?.messages[id];
    if (answer?.role !== "model" || !this.#isAway(answer)) return;
    if (answer.run !== null && !isOver) return; // it is heard next
    const turn = this.#sent.get(id);
    const isMissing = answer.run === null && conversation?.messages[answer.parent]?.stored === null;
    if (isMissing && answer.status === "reconnecting" && turn !== undefined && !this.#again.has(id)) {
      this.#again.add(id); // it did not arrive; if it does just now, the server joins the two
      this.#socket.ask(turn);
    } else this.#giveUp(id);
  }

  #giveUp(answer: string): void {
    const message = conversationWith(this.#store.state, answer)?.messages[answer];
    if (message?.role !== "model") return;
    this.#sent.delete(answer);
    this.#store.dispatch({ type: "given_up", answer, problem: lostRun(message.text !== "") });
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.reattach, Math.max(ms, AGAIN_MS));
  }
}
