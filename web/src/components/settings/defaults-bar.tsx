import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { SETTING_NAMES } from "../../protocol/setting-names";
import type { Settings } from "../../state/settings";
import { shownSettings } from "../../state/state";

/** Makes the settings of this chat those of new ones, or the other way round. */
export function DefaultsBar() {
  const chat = useChat();
  const words = useWords();
  const settings = useChatState(shownSettings);
  const defaults = useChatState((state) => state.preferences.defaults);
  const same = areSame(settings, defaults);
  return (
    <div className="flex flex-wrap gap-2">
      <button type="button" className="button" disabled={same} onClick={() => chat.prefer({ defaults: settings })}>
        {words.setting_default}
      </button>
      <button type="button" className="button" disabled={same} onClick={() => chat.settings.set(defaults)}>
        {words.back_to_default}
      </button>
      <p role="status" className="w-full text-muted-foreground text-xs">
        {same ? words.same_as_new : words.same_only_here}
      </p>
    </div>
  );
}

function areSame(one: Settings, other: Settings): boolean {
  return SETTING_NAMES.every((name) => one[name] === other[name]);
}
