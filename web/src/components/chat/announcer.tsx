import { useChatState, useWords } from "../../hooks/use-chat";
import { isRunning, lastOf } from "../../state/conversation";
import { shownConversation, shownPlace } from "../../state/state";
import { endOf } from "../../text/answer-stats";
import { say, sayAll } from "../../text/words/words";

/** Tells a screen reader once how an answer ended, instead of reading out each piece of it. */
export function Announcer() {
  const words = useWords();
  const sentence = useChatState((state) => {
    const returned = state.returned[shownPlace(state)]?.problem;
    if (returned) return say(words, "not_sent_why", { why: sayAll(words, returned.sentence, ...returned.advice) });
    const last = lastOf(shownConversation(state));
    if (last?.role !== "model" || isRunning(last) || last.id === last.stored) return ""; // it was read: it is not new
    if (last.problem !== null) return sayAll(words, last.problem.sentence, ...last.problem.advice);
    return endOf(words, last) ?? words.answer_complete;
  });
  return (
    <p role="status" aria-label={words.last_answer} className="sr-only">
      {sentence}
    </p>
  );
}
