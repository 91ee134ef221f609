import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useChat } from "../../hooks/use-chat";
import type { Entry } from "../../state/listing";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { LATE_ICONS } from "../ui/late-icons";

/** The actions on a chat. The browser closes the menu: on Escape, or on a click beside it. */
export function ChatMenu({ entry, title, onRename }: { entry: Entry; title: string; onRename: () => void }) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const close = () => menu.current?.hidePopover();
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    event.stopPropagation(); // the list has arrows of its own, and Escape would stop the answer
    if (event.key === "Tab") close();
    moveFocus(event);
  };
  return (
    <>
      <IconButton
        icon={LATE_ICONS.more}
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
        {open && <Items entry={entry} onRename={onRename} onClose={close} />}
      </div>
    </>
  );
}

interface ItemsProps {
  entry: Entry;
  onRename: () => void;
  onClose: () => void;
}

function Items({ entry, onRename, onClose }: ItemsProps) {
  const chat = useChat();
  const items = [
    { icon: LATE_ICONS.edit, label: "Rename", run: onRename },
    {
      icon: LATE_ICONS.download,
      label: "Export as Markdown",
      run: () => void chat.conversations.export(entry, "markdown"),
    },
    { icon: LATE_ICONS.download, label: "Export as JSON", run: () => void chat.conversations.export(entry, "json") },
    { icon: LATE_ICONS.trash, label: "Delete", run: () => chat.remove(entry) },
  ] as const;
  return items.map(({ icon, label, run }, index) => (
    <button
      key={label}
      type="button"
      role="menuitem"
      tabIndex={-1}
      // biome-ignore lint/a11y/noAutofocus: a menu is entered when it opens
      autoFocus={index === 0}
      onClick={() => {
        onClose();
        run();
      }}
    >
      <Icon path={icon} /> {label}
    </button>
  ));
}

/** Move the focus between the items of a menu, by the arrows, Home and End. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[to % items.length]?.focus();
}
