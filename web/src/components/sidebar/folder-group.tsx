import { type ReactNode, useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import type { Folder } from "../../protocol/frames";
import { say } from "../../text/words/words";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { NameForm } from "./name-form";

/** A folder, which shows its chats when it is opened, and what can be done with it. */
export function FolderGroup({ folder, children }: { folder: Folder; children: ReactNode }) {
  const chat = useChat();
  const words = useWords();
  const [renaming, setRenaming] = useState(false);
  const [open, setOpen] = useState(false);
  const rename = (name: string) => {
    setRenaming(false);
    void chat.withLibrary((it) => it.change((api) => api.renameFolder(folder.id, name)));
  };
  const remove = () => {
    if (!window.confirm(say(words, "delete_folder_sure", { name: folder.name }))) return;
    void chat.withLibrary((it) => it.change((api) => api.deleteFolder(folder.id)));
  };
  const toggle = () => {
    if (!open) void chat.withLibrary((it) => it.openFolder(folder.id));
    setOpen(!open);
  };
  if (renaming) {
    return (
      <NameForm label={words.folder_name} name={folder.name} onSave={rename} onCancel={() => setRenaming(false)} />
    );
  }
  return (
    <div className="mb-1">
      <div className="chat-row">
        <button type="button" className="chat-entry justify-start! font-medium" aria-expanded={open} onClick={toggle}>
          <Icon path={ICONS.folder} />
          <span dir="auto" className="truncate">
            {folder.name}
          </span>
        </button>
        <IconButton
          icon={ICONS.edit}
          label={`${words.rename_folder}: ${folder.name}`}
          className="chat-options"
          onClick={() => setRenaming(true)}
        />
        <IconButton
          icon={ICONS.trash}
          label={`${words.delete_folder}: ${folder.name}`}
          className="chat-options"
          onClick={remove}
        />
      </div>
      {open && <div className="ps-3">{children}</div>}
    </div>
  );
}
