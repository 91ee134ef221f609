// The runs that go on in a conversation at the server, and the answers here that they bring.

import type { LiveRun, Message as Stored } from "../protocol/frames";
import { type Answer, branchTo, type Conversation, isRunning, runningAnswers } from "./conversation";
import { emptyAnswer, withMessage } from "./conversation-tree";
import { PLAIN } from "./settings";

/** Whether a stored answer may be this one, whose end is not here: so its run must have ended. */
export function mayBe(answer: Answer, stored: Stored, runs: readonly LiveRun[]): boolean {
  const { status, run } = answer;
  if (status === "lost") return true;
  if (run !== null) return isRunning(answer) && !runs.some(({ run: name }) => name === run.name);
  const isAway = status === "reconnecting" || status === "stopping";
  return isAway && !runs.some(({ question }) => question === stored.parent);
}

/** The conversation with each run as an answer of it, which is yet to be heard. */
export function withRuns(conversation: Conversation, runs: readonly LiveRun[]): Conversation {
  return runs.reduce(withRun, conversation);
}

function withRun(conversation: Conversation, { run, question: stored }: LiveRun): Conversation {
  const running = runningAnswers(conversation);
  if (stored === null || running.some((answer) => answer.run?.name === run)) return conversation;
  const question = Object.values(conversation.messages).find((m) => m.role === "user" && m.stored === stored);
  if (question === undefined) return conversation;
  const begun = { name: run, seq: 0 };
  const own = running.find((a) => a.parent === question.id && a.run === null && a.status !== "queued");
  if (own !== undefined) {
    return { ...conversation, messages: { ...conversation.messages, [own.id]: { ...own, run: begun } } };
  }
  const answer: Answer = { ...emptyAnswer(run, question.id, PLAIN), status: "reconnecting", run: begun };
  return shownAfter(conversation, withMessage(conversation, answer), answer);
}

/** An answer that continues what is shown is shown; another one is news. */
function shownAfter({ leaf, news }: Conversation, changed: Conversation, answer: Answer): Conversation {
  const continues = leaf === null || branchTo(changed, answer.id).some(({ id }) => id === leaf);
  return continues ? { ...changed, leaf: answer.id, news } : { ...changed, leaf, news: answer.id };
}
