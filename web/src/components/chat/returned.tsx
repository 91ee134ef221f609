import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { runningAnswer } from "../../state/conversation";
import { draftOf } from "../../state/drafts";
import { shownConversation, shownPlace } from "../../state/state";
import { Problem } from "./problem";

/** Says why a question came back into the message box, and sends what stands there once more. */
export function Returned() {
  const chat = useChat();
  const words = useWords();
  const returned = useChatState((state) => state.returned[shownPlace(state)]);
  if (!returned) return null;
  const { problem } = returned;
  const retry = () => {
    const { state } = chat.store;
    const { text } = draftOf(state, shownPlace(state));
    if (problem.retry?.first === "reconnect") chat.turns.reconnect();
    if (text.trim() !== "" && runningAnswer(shownConversation(state)) === null) chat.turns.ask(text);
  };
  return (
    <section aria-label={words.not_sent} className="mb-2">
      <Problem problem={problem} onRetry={retry} />
    </section>
  );
}
