import { useChat, useChatState } from "../../hooks/use-chat";
import { SETTING_NAMES } from "../../protocol/setting-names";
import type { Settings } from "../../state/settings";
import { shownSettings } from "../../state/state";

/** Makes the settings of this chat those of new ones, or the other way round. */
export function DefaultsBar() {
  const chat = useChat();
  const settings = useChatState(shownSettings);
  const defaults = useChatState((state) => state.preferences.defaults);
  const same = areSame(settings, defaults);
  return (
    <div className="flex flex-wrap gap-2">
      <button type="button" className="button" disabled={same} onClick={() => chat.prefer({ defaults: settings })}>
        Use for new chats
      </button>
      <button type="button" className="button" disabled={same} onClick={() => chat.settings.set(defaults)}>
        Back to the default
      </button>
      <p role="status" className="w-full text-muted-foreground text-xs">
        {same ? "New chats begin with these." : "Only this chat has these."}
      </p>
    </div>
  );
}

function areSame(one: Settings, other: Settings): boolean {
  return SETTING_NAMES.every((name) => one[name] === other[name]);
}
