import { isRunning, lastOf } from "../chat/conversation";
import { shownConversation } from "../chat/state";
import { useChatState } from "../hooks/use-chat";
import { endOf } from "../text/facts";

/** Tells a screen reader once how an answer ended, instead of reading out each piece of it. */
export function Announcer() {
  const sentence = useChatState((state) => {
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
