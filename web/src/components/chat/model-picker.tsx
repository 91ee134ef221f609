import { useChat, useChatState } from "../../hooks/use-chat";
import { offered } from "../../state/settings";
import { shownSettings } from "../../state/state";

/** Which model this chat asks next. */
export function ModelPicker() {
  const { settings } = useChat();
  const models = useChatState((state) => state.models);
  const model = useChatState((state) => offered(shownSettings(state), state.models).model);
  if (models === null) return null;
  if (models.models.length < 2) return <p className="truncate font-medium text-sm">{models.default}</p>;
  return (
    <select
      aria-label="Model"
      className="select min-w-0 truncate font-medium text-sm"
      value={model ?? models.default}
      onChange={({ target }) => settings.set({ model: target.value })}
    >
      {models.models.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
