import { useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import type { LibraryPanel } from "../../state/state";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";
import { NameForm } from "./name-form";

const PANELS = [
  ["archive", "archive", "archived"],
  ["prompts", "edit", "prompts"],
  ["links", "share", "links"],
  ["data", "download", "library"],
] as const satisfies readonly (readonly [LibraryPanel, keyof typeof ICONS, string])[];

/** Below the chats: what is kept beside them, and what is done with many. */
export function LibraryBar({ onSelect }: { onSelect: () => void }) {
  const chat = useChat();
  const words = useWords();
  const [naming, setNaming] = useState(false);
  const create = (name: string) => {
    setNaming(false);
    void chat.withLibrary((it) => it.change((api) => api.createFolder(name)));
  };
  return (
    <div>
      {naming && <NameForm label={words.folder_name} onSave={create} onCancel={() => setNaming(false)} />}
      <div role="toolbar" aria-label={words.library} className="library-bar">
        <BarButton icon={ICONS.folder} label={words.new_folder} onClick={() => setNaming(true)} />
        <BarButton icon={ICONS.select} label={words.select} onClick={onSelect} />
        {PANELS.map(([panel, icon, name]) => (
          <BarButton key={panel} icon={ICONS[icon]} label={words[name]} onClick={() => chat.open(panel)} />
        ))}
      </div>
    </div>
  );
}

/** Says what it does where nothing can point at it to ask: on a screen that is touched. */
function BarButton({ icon, label, onClick }: { icon: string; label: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={label} title={label} className="icon-button" onClick={onClick}>
      <Icon path={icon} />
      <span className="library-words">{label}</span>
    </button>
  );
}
