import { useId } from "react";
import { useChatState, useWords } from "../../hooks/use-chat";
import { contextOf, EMPTY_CONTEXT } from "../../state/context";
import { shownConversation } from "../../state/state";
import { numberIn, say } from "../../text/words/words";

/** From so much on it is worth knowing. */
const SHOWN_FROM = 0.1;

/** How much of what the model can be told of a chat is used up. */
export function ContextMeter() {
  const id = useId();
  const words = useWords();
  const full = useChatState((state) => {
    const conversation = shownConversation(state);
    if (conversation === null || state.historyChars === null) return EMPTY_CONTEXT.full;
    return Math.floor(contextOf(conversation, state.historyChars).full * 100) / 100;
  });
  if (full < SHOWN_FROM) return null;
  return (
    <div className="context-meter" title={words.memory_note}>
      <label htmlFor={id}>
        {full === 1
          ? words.memory_full
          : say(words, "memory", { percent: numberIn(words, full, { style: "percent" }) })}
      </label>
      <meter id={id} className="w-14" min={0} max={1} high={0.9} value={full} />
    </div>
  );
}
