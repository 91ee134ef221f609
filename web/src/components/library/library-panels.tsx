import { useWords } from "../../hooks/use-chat";
import { Panel } from "../ui/panel";
import { Archive } from "./archive";
import { Data } from "./data";
import { Links } from "./links";
import { Prompts } from "./prompts";
import { ShareForm } from "./share-form";

/** The panels of what is kept beside the chats. */
export function LibraryPanels() {
  const words = useWords();
  return (
    <>
      <Panel name="archive" label={words.archived} className="sheet">
        <Archive />
      </Panel>
      <Panel name="prompts" label={words.prompts} className="sheet">
        <Prompts />
      </Panel>
      <Panel name="links" label={words.links} className="sheet">
        <Links />
      </Panel>
      <Panel name="data" label={words.library} className="sheet">
        <Data />
      </Panel>
      <Panel name="share" label={words.share} className="sheet">
        <ShareForm />
      </Panel>
    </>
  );
}
