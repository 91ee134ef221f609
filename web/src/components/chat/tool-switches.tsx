import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { offers } from "../../state/settings";
import { shownSettings } from "../../state/state";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

const SWITCHES = [
  { tool: "search", label: "search", icon: ICONS.globe, title: "may_search" },
  { tool: "url_context", label: "read_links", icon: ICONS.link, title: "may_read" },
  { tool: "code", label: "run_code", icon: ICONS.code, title: "may_run" },
] as const;

/** Switches for the provider's tools that this server allows: the model may use those that are on in this chat. */
export function ToolSwitches() {
  const { settings } = useChat();
  const words = useWords();
  const models = useChatState((state) => state.models);
  const used = useChatState((state) => shownSettings(state).tools)
    .split(" ")
    .filter((name) => name !== "");
  return SWITCHES.filter(({ tool }) => offers(models, tool)).map(({ tool, label, icon, title }) => {
    const isOn = used.includes(tool);
    const change = () => {
      const tools = isOn ? used.filter((name) => name !== tool) : [...used, tool];
      settings.set({ tools: tools.join(" ") });
    };
    return (
      <button key={tool} type="button" className="pill" title={words[title]} aria-pressed={isOn} onClick={change}>
        <Icon path={icon} /> <span className="pill-words">{words[label]}</span>
      </button>
    );
  });
}
