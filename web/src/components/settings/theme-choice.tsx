import { useChat, useChatState } from "../../hooks/use-chat";
import { THEMES, type Theme } from "../../state/preferences";

const WORDS: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };

export function ThemeChoice() {
  const chat = useChat();
  const chosen = useChatState((state) => state.preferences.theme);
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 font-semibold text-base">Appearance</legend>
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
            {WORDS[theme]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
