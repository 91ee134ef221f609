// Asks questions, sends their turns, and stops answers.

import { Refusal } from "../connection/api";
import type { ChatSocket } from "../connection/socket";
import type { FrameDown } from "../protocol/frames";
import { type Answer, lastAnswer, type Question, runningAnswer, runningAnswers } from "../state/conversation";
import { conversationWith, shownConversation } from "../state/state";
import type { Store } from "../state/store";
import { type Remedy, unreachable } from "../text/problems";
import type { Conversations } from "./conversations";
import type { Identity } from "./identity";
import type { TurnPreparation } from "./turn-preparation";

export class Turns {
  readonly #store: Store;
  readonly #socket: ChatSocket;
  readonly #preparation: TurnPreparation;
  readonly #conversations: Conversations;
  readonly #identity: Identity;
  /** Each sends a turn that waits for a connection. */
  #waiting: (() => void)[] = [];

  constructor(
    store: Store,
    socket: ChatSocket,
    preparation: TurnPreparation,
    conversations: Conversations,
    identity: Identity,
  ) {
    this.#store = store;
    this.#socket = socket;
    this.#preparation = preparation;
    this.#conversations = conversations;
    this.#identity = identity;
  }

  /** Ask a question at the end of the branch that is shown. */
  ask(text: string): void {
    const conversation = shownConversation(this.#store.state);
    this.#ask(conversation?.id ?? newId(), conversation && lastAnswer(conversation), text);
  }

  /** Ask another question in place of this one. */
  edit(question: Question, text: string): void {
    const conversation = conversationWith(this.#store.state, question.id);
    this.stop(); // a running answer belongs to the question that is replaced
    if (conversation !== null) this.#ask(conversation.id, question.parent, text);
  }

  /** Ask for another answer to a question. */
  askAgain(question: string, first: Remedy | null = null): void {
    this.stop();
    if (first === "reconnect" && !this.#isAnyRunning) this.#socket.reconnect();
    const answer = newId();
    this.#store.dispatch({ type: "ask_again", question, answer, now: Date.now() });
    void this.#send(answer, question);
  }

  /** Stop the running answer of the conversation that is shown. */
  readonly stop = (): void => {
    const answer = runningAnswer(shownConversation(this.#store.state));
    if (answer !== null) this.cancel(answer);
  };

  /** Stop an answer. */
  cancel(answer: Answer): void {
    if (answer.status === "queued") {
      this.#socket.withdraw(answer.id);
      this.#store.dispatch({ type: "withdrawn", answer: answer.id });
    } else if (answer.status !== "stopping") {
      this.#socket.cancel(answer.id);
      this.#store.dispatch({ type: "stopping", answer: answer.id });
    }
  }

  /** Take the frames of turns from the server. */
  take(frames: FrameDown[]): void {
    this.#store.dispatch({ type: "frames", frames, now: Date.now() });
    if (frames.some(({ type }) => type === "usage" || type === "error")) this.#conversations.tellOtherTabs();
    for (const frame of frames) if (frame.type === "error") this.#identity.handle(frame);
  }

  /** Send the turns that wait for a connection. */
  sendWaiting(): void {
    for (const send of this.#waiting.splice(0)) send();
  }

  #ask(conversation: string, parent: string | null, text: string): void {
    const [question, answer] = [newId(), newId()];
    this.#store.dispatch({ type: "ask", conversation, question, parent, text, answer, now: Date.now() });
    void this.#send(answer, question);
  }

  /** Prepare a turn, then send it. Without a connection, or without a token for it, wait for one and try again. */
  async #send(answer: string, question: string): Promise<void> {
    try {
      const turn = await this.#preparation.requestFor(answer, question);
      if (turn !== null) this.#socket.ask(turn);
    } catch (fault) {
      const problem = fault instanceof Refusal ? fault.problem : unreachable();
      const mayPass = !(fault instanceof Refusal) || problem.code === "unauthenticated";
      if (mayPass && this.#store.state.connection.status !== "open") {
        this.#socket.wake();
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        return this.#send(answer, question);
      }
      this.take([{ ...problem, type: "error", id: answer }]);
    }
  }

  get #isAnyRunning(): boolean {
    return this.#store.state.conversations.some((conversation) => runningAnswers(conversation).length > 0);
  }
}

/** Not `randomUUID`: a page that came over plain http from another machine has none. */
function newId(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return high.toString(36) + low.toString(36);
}
