import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useChat } from "../../hooks/use-chat";
import type { Entry } from "../../state/listing";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";

/** What can be done with a chat. The browser closes it: with Escape, or with a click beside it. */
export function ChatMenu({ entry, title, onRename }: { entry: Entry; title: string; onRename: () => void }) {
  const chat = useChat();
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const items = [
    { icon: "edit", label: "Rename", run: onRename },
    { icon: "download", label: "Export as Markdown", run: () => void chat.conversations.export(entry, "markdown") },
    { icon: "download", label: "Export as JSON", run: () => void chat.conversations.export(entry, "json") },
    { icon: "trash", label: "Delete", run: () => chat.remove(entry) },
  ] as const;
  const onKeyDown = (event: KeyboardEvent) => {
    const here = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = here.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + here.length, Home: 0, End: here.length - 1 }[event.key];
    event.stopPropagation(); // the list has arrows of its own, and Escape would stop the answer
    if (event.key === "Tab") menu.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    here[to % here.length]?.focus();
  };
  return (
    <>
      <IconButton
        icon="more"
        label={`Options of ${title}`}
        className="chat-options"
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
      />
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        aria-label={`Options of ${title}`}
        className="menu"
        onToggle={({ newState }) => setOpen(newState === "open")}
        onKeyDown={onKeyDown}
      >
        {open &&
          items.map(({ icon, label, run }, index) => (
            <button
              key={label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              // biome-ignore lint/a11y/noAutofocus: a menu is entered when it opens
              autoFocus={index === 0}
              onClick={() => {
                menu.current?.hidePopover();
                run();
              }}
            >
              <Icon name={icon} /> {label}
            </button>
          ))}
      </div>
    </>
  );
}
