import { useChat, useChatState } from "../../hooks/use-chat";
import { offers } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { Icon } from "../ui/icon";
import { LATE_ICONS } from "../ui/late-icons";

const SWITCHES = [
  { tool: "search", words: "Search", icon: LATE_ICONS.globe, title: "Let the model search the web" },
  { tool: "url_context", words: "Read links", icon: LATE_ICONS.link, title: "Let the model read the pages you name" },
  { tool: "code", words: "Run code", icon: LATE_ICONS.code, title: "Let the model calculate with code" },
] as const;

/** Which tools this chat lets the model use, of those that are offered here. */
export function ToolSwitches() {
  const { settings } = useChat();
  const models = useChatState((state) => state.models);
  const used = useChatState((state) => shownSettings(state).tools)
    .split(" ")
    .filter((name) => name !== "");
  return SWITCHES.filter(({ tool }) => offers(models, tool)).map(({ tool, words, icon, title }) => {
    const isOn = used.includes(tool);
    const change = () => {
      const tools = isOn ? used.filter((name) => name !== tool) : [...used, tool];
      settings.set({ tools: tools.join(" ") });
    };
    return (
      <button key={tool} type="button" className="pill" title={title} aria-pressed={isOn} onClick={change}>
        <Icon path={icon} /> <span className="pill-words">{words}</span>
      </button>
    );
  });
}
