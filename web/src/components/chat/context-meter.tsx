import { useId } from "react";
import { useChatState } from "../../hooks/use-chat";
import { contextOf, EMPTY_CONTEXT } from "../../state/context";
import { shownConversation } from "../../state/state";

/** From so much on it is worth knowing. */
const SHOWN_FROM = 0.1;

/** How much of what the model can be told of a chat is used up. */
export function ContextMeter() {
  const id = useId();
  const full = useChatState((state) => {
    const conversation = shownConversation(state);
    if (conversation === null || state.historyChars === null) return EMPTY_CONTEXT.full;
    return Math.floor(contextOf(conversation, state.historyChars).full * 100) / 100;
  });
  if (full < SHOWN_FROM) return null;
  return (
    <div className="context-meter" title="How much of what the model is told with a question is used up by this chat">
      <label htmlFor={id}>{full === 1 ? "Memory full" : `Memory ${Math.round(full * 100)}%`}</label>
      <meter id={id} className="w-14" min={0} max={1} high={0.9} value={full} />
    </div>
  );
}
