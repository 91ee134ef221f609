// How running answers change: by frames, and by a lost connection.

import type { CloseReason } from "../protocol/close-codes";
import type { FrameDown, Spent } from "../protocol/frames";
import { lostConnection, problemOf } from "../text/problems";
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
  const ends = frames.filter((frame) => spentIn(frame) !== null);
  return { ...taken, conversations: taken.conversations.map((c) => ends.reduce(keepQuestion, c)) };
}

export function lose(answer: Answer, reason: CloseReason): Answer {
  return { ...answer, status: "lost", problem: lostConnection(answer.text !== "", reason) };
}

function takeOne(answer: Answer, frame: FrameDown, now: number): Answer {
  if (!isRunning(answer)) return answer;
  const status = answer.status === "stopping" ? "stopping" : "streaming";
  switch (frame.type) {
    case "delta":
      return { ...answer, status, text: answer.text + frame.text };
    case "thought":
      return { ...answer, status, thoughts: answer.thoughts + frame.text };
    case "usage": {
      const { type: _, id: __, ...spent } = frame;
      const end = frame.finish_reason === "cancelled" ? "stopped" : "done";
      return { ...answer, status: end, stored: frame.message, spent };
    }
    case "error": {
      const stored = frame.usage?.message ?? null;
      return { ...answer, status: "failed", stored, spent: frame.usage, problem: problemOf(frame, now) };
    }
    default: // a frame of a later version of the protocol
      return answer;
  }
}

function spentIn(frame: FrameDown): Spent | null {
  return frame.type === "usage" ? frame : frame.type === "error" ? frame.usage : null;
}

/** Take note of where a question is kept, which the end of its turn says. */
function keepQuestion(conversation: Conversation, frame: FrameDown): Conversation {
  const stored = spentIn(frame)?.question;
  const answer = conversation.messages[frame.id ?? ""];
  const question = answer?.role === "model" ? conversation.messages[answer.parent] : undefined;
  if (!stored || question === undefined) return conversation;
  return { ...conversation, messages: { ...conversation.messages, [question.id]: { ...question, stored } } };
}
