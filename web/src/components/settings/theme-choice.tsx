import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { THEMES } from "../../state/preferences";

export function ThemeChoice() {
  const chat = useChat();
  const words = useWords();
  const chosen = useChatState((state) => state.preferences.theme);
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 font-semibold text-base">{words.appearance}</legend>
      <div className="segments">
        {THEMES.map((theme) => (
          <label key={theme}>
            <input
              type="radio"
              name="theme"
              className="sr-only"
              checked={theme === chosen}
              onChange={() => chat.prefer({ theme })}
            />
            {words[theme]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
