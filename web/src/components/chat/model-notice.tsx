import { useChatState, useWords } from "../../hooks/use-chat";
import { offered } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { say } from "../../text/words/words";

/** Says which model answers while the one that was chosen for this chat is not offered. */
export function ModelNotice() {
  const words = useWords();
  const models = useChatState((state) => state.models);
  const chosen = useChatState((state) => shownSettings(state).model);
  const usable = useChatState((state) => offered(shownSettings(state), state.models).model);
  if (models === null || chosen === null || usable === chosen) return null;
  return (
    <p className="mb-2 px-1 text-muted-foreground text-xs">
      {say(words, "model_gone", { model: chosen, default: models.default })}
    </p>
  );
}
