import { useChat, useChatState } from "../hooks/use-chat";
import { Icon } from "./icon";

/** Whether the next questions ask the model for its thoughts, too. */
export function ThinkingSwitch() {
  const { store } = useChat();
  const on = useChatState((state) => state.thinking);
  return (
    <button
      type="button"
      className="pill"
      aria-pressed={on}
      onClick={() => store.dispatch({ type: "thinking", on: !on })}
    >
      <Icon name="thought" /> Show thoughts
    </button>
  );
}
