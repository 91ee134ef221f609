import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { shownSettings } from "../../state/state";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

/** Whether this chat asks the model for its thoughts, too. How much it thinks is set in the settings. */
export function ThinkingSwitch() {
  const { settings } = useChat();
  const words = useWords();
  const thinking = useChatState((state) => shownSettings(state).thinking);
  const on = thinking !== null && thinking !== "off";
  return (
    <button
      type="button"
      className="pill"
      aria-pressed={on}
      onClick={() => settings.set({ thinking: on ? null : "medium" })}
    >
      <Icon path={ICONS.thought} /> <span className="pill-words max-sm:sr-only">{words.thoughts}</span>
    </button>
  );
}
