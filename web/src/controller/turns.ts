// Asks questions, sends their turns, and stops answers.

import { Refusal } from "../connection/api";
import type { ChatSocket } from "../connection/socket";
import type { ErrorFrame, FrameDown, Started } from "../protocol/frames";
import type { TurnRequest } from "../protocol/turn-request";
import { filesOf } from "../state/attachments";
import { type Answer, lastAnswer, type Question, runningAnswer, runningAnswers } from "../state/conversation";
import { draftOf } from "../state/drafts";
import { type Action, conversationWith, shownConversation, shownPlace } from "../state/state";
import type { Store } from "../state/store";
import type { UnstoredTurn } from "../state/unstored-turns";
import { type Remedy, unreachable } from "../text/problems";
import type { Conversations } from "./conversations";
import type { Identity } from "./identity";
import type { Keeper } from "./keeper";
import { newId } from "./new-id";
import type { TurnPreparation } from "./turn-preparation";

/** How often a turn is prepared over a network that fails while the connection stands, and the time between. */
const TRIES = 3;
const TRY_AGAIN_MS = 500;

/** What takes up again the answers that no connection brings. */
interface Runs {
  stop(answer: Answer): void;
  refused(error: ErrorFrame): void;
}

export class Turns {
  readonly #store: Store;
  readonly #socket: ChatSocket;
  readonly #preparation: TurnPreparation;
  readonly #conversations: Conversations;
  readonly #identity: Identity;
  readonly #keeper: Keeper;
  /** The turns that were sent, by their ids, until they have a run or an end. */
  readonly sent = new Map<string, TurnRequest>();
  readonly #runs: Runs;
  /** Called when an answer of a conversation has come to its end. */
  onEnd: (conversation: string) => void = () => {};
  /** Each sends a turn that waits for a connection. */
  #waiting: (() => void)[] = [];

  constructor(
    store: Store,
    socket: ChatSocket,
    preparation: TurnPreparation,
    conversations: Conversations,
    identity: Identity,
    keeper: Keeper,
    runs: Runs,
  ) {
    this.#store = store;
    this.#socket = socket;
    this.#preparation = preparation;
    this.#conversations = conversations;
    this.#identity = identity;
    this.#keeper = keeper;
    this.#runs = runs;
  }

  /**
   * Ask what stands in the message box, at the end of the branch that is shown; of a chat that is gone, in a new one.
   * Where not all of its files are at the server, it waits for them.
   */
  ask(text: string): void {
    const from = shownPlace(this.#store.state);
    const conversation = shownConversation(this.#store.state);
    const place = conversation?.reading.status === "gone" ? null : conversation;
    const { files: attachments } = draftOf(this.#store.state, from);
    const files = filesOf(attachments);
    if (files.length < attachments.length) {
      this.#store.dispatch({ type: "attach", chat: from, files: attachments, waits: true });
      return;
    }
    const id = place?.id ?? newId();
    this.begin({ from, conversation: id, parent: place && lastAnswer(place), replaces: null, text, files });
  }

  /** Ask this question, at this place of a conversation. */
  begin(fields: Omit<Extract<Action, { type: "ask" }>, "type" | "question" | "answer" | "now">): void {
    const [question, answer] = [newId(), newId()];
    this.#store.dispatch({ type: "ask", ...fields, question, answer, now: Date.now() });
    this.#sendNow(answer, question);
  }

  /** Send what this tab had queued before it was reloaded. */
  resume(queued: readonly UnstoredTurn[]): void {
    for (const { conversation, question, answer } of queued) {
      void this.#send(answer.id, question.id, conversation.stored ?? conversation.id);
    }
  }

  /** Ask another question in place of this one. */
  edit(question: Question, text: string): void {
    const conversation = conversationWith(this.#store.state, question.id);
    this.#stopOwn(); // it belongs to the question that is replaced
    if (conversation === null) return;
    const { id } = conversation;
    const { files, parent } = question;
    this.begin({ from: id, conversation: id, parent, replaces: question.id, text, files });
  }

  /** Ask for another answer to a question. */
  askAgain(question: string, first: Remedy | null = null): void {
    this.#stopOwn();
    if (first === "reconnect") this.reconnect();
    const answer = newId();
    this.#store.dispatch({ type: "ask_again", question, answer, now: Date.now() });
    this.#sendNow(answer, question);
  }

  /** Stop the running answer of the conversation that is shown. */
  readonly stop = (): void => {
    const answer = runningAnswer(shownConversation(this.#store.state));
    if (answer !== null) this.cancel(answer);
  };

  /**
   * Stop the running answer that is shown, if this page asked for it. Another tab still shows an answer of its own: here
   * it was found by its run, and has the run's name for an id.
   */
  #stopOwn(): void {
    const answer = runningAnswer(shownConversation(this.#store.state));
    if (answer !== null && answer.id !== answer.run?.name) this.cancel(answer);
  }

  /** Stop an answer. */
  cancel(answer: Answer): void {
    if (answer.status === "queued") {
      this.#socket.withdraw(answer.id);
      this.#store.dispatch({ type: "withdrawn", answer: answer.id });
    } else if (answer.status !== "stopping") {
      if (this.#socket.carries(answer.id)) this.#socket.cancel(answer.id, answer.run?.name);
      else this.#runs.stop(answer);
      this.#store.dispatch({ type: "stopping", answer: answer.id });
    }
  }

  /** Take the frames of turns from the server. */
  take(frames: FrameDown[]): void {
    this.#dispatch({ type: "frames", frames, now: Date.now() });
    if (frames.some(({ type }) => type !== "delta" && type !== "thought")) this.#conversations.tellOtherTabs();
    for (const frame of frames) {
      if (frame.type === "usage") this.onEnd(conversationWith(this.#store.state, frame.id)?.id ?? "");
      if (frame.type === "started") this.#hasRun(frame);
      if (frame.type !== "delta" && frame.type !== "thought") this.sent.delete(frame.id ?? "");
      if (frame.type === "error") this.#identity.handle(frame);
      if (frame.type === "error" && frame.id === null && frame.ref !== null) this.#runs.refused(frame);
    }
  }

  /** What was stopped before the server had begun it is stopped by its run. */
  #hasRun({ id, run }: Started): void {
    const answer = conversationWith(this.#store.state, id)?.messages[id];
    if (answer?.role === "model" && answer.status === "stopping") this.#socket.cancel(id, run);
  }

  /** Dispatch what may refuse a question; a chat of which nothing is left then is deleted. */
  #dispatch(action: Action): void {
    const before = this.#store.state.conversations;
    this.#store.dispatch(action);
    const after = new Set(this.#store.state.conversations.map(({ id }) => id));
    for (const { id, stored } of before) {
      if (!after.has(id) && stored !== null) void this.#conversations.delete(stored);
    }
  }

  /** Send the turns that wait for a connection. */
  sendWaiting(): void {
    for (const send of this.#waiting.splice(0)) send();
  }

  #sendNow(answer: string, question: string): void {
    const conversation = conversationWith(this.#store.state, question);
    if (conversation !== null) void this.#send(answer, question, conversation.id);
  }

  /** Prepare a turn, then send it. Without a connection, or without a token for it, wait for one and try again. */
  async #send(answer: string, question: string, conversation: string, tries = 1): Promise<void> {
    try {
      await this.#conversations.load(conversation);
      const turn = await this.#preparation.requestFor(answer, question);
      if (turn === null) return;
      if (this.#keeper.isOwn(question)) {
        if (turn.grace) this.sent.set(answer, turn);
        this.#socket.ask(turn);
      } else this.#store.dispatch({ type: "taken", question });
    } catch (fault) {
      const problem = fault instanceof Refusal ? fault.problem : unreachable();
      const mayPass = !(fault instanceof Refusal);
      if ((mayPass || problem.code === "unauthenticated") && this.#store.state.connection.status !== "open") {
        this.#socket.wake();
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        return this.#send(answer, question, conversation);
      }
      if (mayPass && tries < TRIES) {
        await new Promise<void>((resolve) => setTimeout(resolve, TRY_AGAIN_MS)); // which a page that is left does not live to see
        return this.#send(answer, question, conversation, tries + 1);
      }
      this.#dispatch({ type: "not_sent", answer, error: problem, now: Date.now() });
      this.#identity.handle(problem);
    }
  }

  /** Find another server than one that shuts down, unless an answer of it is still coming. */
  reconnect(): void {
    if (!this.#store.state.conversations.some((c) => runningAnswers(c).length > 0)) this.#socket.reconnect();
  }
}
