import { useChatState } from "../../hooks/use-chat";
import { isRunning, lastOf } from "../../state/conversation";
import { shownConversation, shownPlace } from "../../state/state";
import { endOf } from "../../text/answer-stats";

/** Tells a screen reader once how an answer ended, instead of reading out each piece of it. */
export function Announcer() {
  const sentence = useChatState((state) => {
    const returned = state.returned[shownPlace(state)]?.problem;
    if (returned) return `Not sent. ${returned.sentence} ${returned.advice}`.trim();
    const last = lastOf(shownConversation(state));
    if (last?.role !== "model" || isRunning(last) || last.id === last.stored) return ""; // it was read, and is no news
    if (last.problem !== null) return `${last.problem.sentence} ${last.problem.advice}`.trim();
    return endOf(last) ?? "The answer is complete.";
  });
  return (
    <p role="status" aria-label="Last answer" className="sr-only">
      {sentence}
    </p>
  );
}
