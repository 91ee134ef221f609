import { useChatState } from "../../hooks/use-chat";
import { NotLoaded } from "./not-loaded";
import { Panel } from "./panel";

/** Stands for the panels where that part of the page did not come. */
export function PanelNotLoaded() {
  const panel = useChatState((state) => state.panel);
  if (panel === null || panel === "chats") return null; // which has come
  return (
    <Panel name={panel} label="Not loaded" className="sheet">
      <NotLoaded />
    </Panel>
  );
}
