import { useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import type { LibraryPanel } from "../../state/state";
import { IconButton } from "../ui/icon-button";
import { LATE_ICONS } from "../ui/late-icons";
import { NameForm } from "./name-form";

const PANELS = [
  ["archive", "archive", "archived"],
  ["prompts", "edit", "prompts"],
  ["links", "share", "links"],
  ["data", "download", "library"],
] as const satisfies readonly (readonly [LibraryPanel, keyof typeof LATE_ICONS, string])[];

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
      <div role="toolbar" aria-label={words.library} className="flex justify-between">
        <IconButton icon={LATE_ICONS.folder} label={words.new_folder} onClick={() => setNaming(true)} />
        <IconButton icon={LATE_ICONS.select} label={words.select} onClick={onSelect} />
        {PANELS.map(([panel, icon, name]) => (
          <IconButton key={panel} icon={LATE_ICONS[icon]} label={words[name]} onClick={() => chat.open(panel)} />
        ))}
      </div>
    </div>
  );
}
