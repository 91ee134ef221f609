// How running answers change: by frames, and by a lost connection.

import type { CloseReason } from "../protocol/close-codes";
import type { FrameDown } from "../protocol/frames";
import { lostConnection, type Problem, problemOf } from "../text/problems";
import { type Answer, type Conversation, isRunning, type Message, runningAnswers } from "./conversation";
import type { State } from "./state";

/** Change running answers; whatever is not changed stays the same object, so that nothing of it is drawn again. */
export function changeAnswers(state: State, changed: (answer: Answer) => Answer): State {
  const conversations = state.conversations.map((conversation) => {
    const updates: Record<string, Message> = {};
    for (const answer of runningAnswers(conversation)) {
      const now = changed(answer);
      if (now !== answer) updates[now.id] = now;
    }
    if (Object.keys(updates).length === 0) return conversation;
    return { ...conversation, messages: { ...conversation.messages, ...updates } };
  });
  return { ...state, conversations };
}

export function takeFrames(state: State, frames: readonly FrameDown[], now: number): State {
  const byTurn = Map.groupBy(frames, (frame) => frame.id);
  const taken = changeAnswers(state, (answer) =>
    (byTurn.get(answer.id) ?? []).reduce((taken, frame) => takeOne(taken, frame, now), answer),
  );
  const named = frames.filter((frame) => questionIn(frame));
  return { ...taken, conversations: taken.conversations.map((c) => named.reduce(keepQuestion, c)) };
}

/** How an answer goes on without a connection, at a server that lets it go on where `grace` is more than 0. */
export function detach(answer: Answer, reason: CloseReason, grace: number): Answer {
  const mayGoOn = grace > 0 && (answer.run !== null || !reason.refuses);
  if (!mayGoOn) return lose(answer, reason);
  return answer.status === "stopping" ? answer : { ...answer, status: "reconnecting" };
}

/** Nothing more of it comes. One that was to be stopped is. */
export function giveUp(answer: Answer, problem: Problem): Answer {
  return answer.status === "stopping" ? { ...answer, status: "stopped" } : { ...answer, status: "lost", problem };
}

function lose(answer: Answer, reason: CloseReason): Answer {
  return { ...answer, status: "lost", problem: lostConnection(answer.text !== "", reason) };
}

function takeOne(before: Answer, frame: FrameDown, now: number): Answer {
  if (!isRunning(before) || isHere(before, frame)) return before;
  const answer = numbered(before, frame);
  const status = answer.status === "stopping" ? "stopping" : "streaming";
  switch (frame.type) {
    case "started":
      return status === "stopping" ? answer : { ...answer, status: "waiting" };
    case "delta":
      return { ...answer, status, text: answer.text + frame.text };
    case "thought":
      return { ...answer, status, thoughts: answer.thoughts + frame.text };
    case "source":
    case "citation":
    case "search":
    case "code":
    case "code_result":
    case "file":
      return { ...answer, status, parts: [...answer.parts, frame] };
    case "usage": {
      const { type: _, id: __, seq: ___, ...usage } = frame;
      const end = frame.finish_reason === "cancelled" ? "stopped" : "done";
      return { ...answer, status: end, stored: frame.message, usage, created: now / 1000 };
    }
    case "error": {
      const stored = frame.usage?.message ?? null;
      return { ...answer, status: "failed", stored, usage: frame.usage, problem: problemOf(frame, now) };
    }
    default: // a frame of a later version of the protocol
      return answer;
  }
}

/** Whether a frame of a run has been taken already. */
function isHere({ run }: Answer, { seq }: FrameDown): boolean {
  return run !== null && seq !== undefined && seq <= run.seq;
}

function numbered(answer: Answer, frame: FrameDown): Answer {
  if (frame.type === "started") return { ...answer, run: { name: frame.run, seq: frame.seq } };
  if (answer.run === null || frame.seq === undefined) return answer;
  return { ...answer, run: { ...answer.run, seq: frame.seq } };
}

/** The stored id of a frame's question, where it says that. */
function questionIn(frame: FrameDown): string | null {
  if (frame.type === "started" || frame.type === "usage") return frame.question;
  return (frame.type === "error" && frame.usage?.question) || null;
}

/** Take note of where a question is kept, which the beginning of its run and the end of its turn say. */
function keepQuestion(conversation: Conversation, frame: FrameDown): Conversation {
  const stored = questionIn(frame);
  const answer = conversation.messages[frame.id ?? ""];
  const question = answer?.role === "model" ? conversation.messages[answer.parent] : undefined;
  if (!stored || question === undefined) return conversation;
  return { ...conversation, messages: { ...conversation.messages, [question.id]: { ...question, stored } } };
}
