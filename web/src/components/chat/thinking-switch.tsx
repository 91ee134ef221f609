import { useChat, useChatState } from "../../hooks/use-chat";
import { shownSettings } from "../../state/state";
import { Icon } from "../ui/icon";

/** Whether this chat asks the model for its thoughts, too. How much it thinks is set in the settings. */
export function ThinkingSwitch() {
  const { store } = useChat();
  const thinking = useChatState((state) => shownSettings(state).thinking);
  const on = thinking !== null && thinking !== "off";
  return (
    <button
      type="button"
      className="pill"
      aria-pressed={on}
      onClick={() => store.dispatch({ type: "set", settings: { thinking: on ? null : "medium" } })}
    >
      <Icon name="thought" /> Show thoughts
    </button>
  );
}
