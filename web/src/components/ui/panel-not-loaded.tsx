import { useChatState } from "../../hooks/use-chat";
import { Panel } from "./panel";

/** Stands for the panels where that part of the page did not come. */
export function PanelNotLoaded() {
  const panel = useChatState((state) => state.panel);
  if (panel === null || panel === "chats") return null; // which has come
  return (
    <Panel name={panel} label="Not loaded" className="sheet">
      <div className="p-5">
        <p className="mb-4 pr-10">This part of the page could not be loaded.</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    </Panel>
  );
}
