import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { offered } from "../../state/settings";
import { shownSettings } from "../../state/state";

/** Which model this chat asks next. */
export function ModelPicker() {
  const { settings } = useChat();
  const words = useWords();
  const models = useChatState((state) => state.models);
  const model = useChatState((state) => offered(shownSettings(state), state.models).model);
  if (models === null) return null;
  if (models.models.length < 2 && (model ?? models.default) === models.default)
    return (
      <p dir="ltr" className="truncate font-medium text-sm">
        {models.default}
      </p>
    );
  return (
    <select
      aria-label={words.model}
      dir="ltr"
      className="select min-w-0 truncate font-medium text-sm"
      value={model ?? models.default}
      onChange={({ target }) => settings.set({ model: target.value })}
    >
      {models.models.map((name) => (
        <option key={name}>{name}</option>
      ))}
      {model !== null && !models.models.includes(model) && <option key={model}>{model}</option>}
    </select>
  );
}
