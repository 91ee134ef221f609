import { useChatState, useWords } from "../../hooks/use-chat";
import { NotLoaded } from "./not-loaded";
import { Panel } from "./panel";

/** Stands for the panels where that part of the page did not come. */
export function PanelNotLoaded() {
  const words = useWords();
  const panel = useChatState((state) => state.panel);
  if (panel === null || panel === "chats") return null; // which has come
  return (
    <Panel name={panel} label={words.not_loaded} className="sheet">
      <NotLoaded />
    </Panel>
  );
}
