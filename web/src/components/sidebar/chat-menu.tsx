import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import type { Entry, Place } from "../../state/listing";
import { say } from "../../text/words/words";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";

/** The actions on a chat. The browser closes the menu: on Escape, or on a click beside it. */
export function ChatMenu({ entry, title, onRename }: { entry: Entry; title: string; onRename: () => void }) {
  const id = useId();
  const words = useWords();
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
        icon={ICONS.more}
        label={say(words, "options_of", { name: title })}
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
        aria-label={say(words, "options_of", { name: title })}
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
  const words = useWords();
  const folders = useChatState((state) => state.folders);
  const place = (place: Place) => void chat.withLibrary((it) => it.place([entry], place));
  const items = [
    { icon: ICONS.edit, label: words.rename, run: onRename },
    {
      icon: ICONS.pin,
      label: entry.pinned ? words.unpin : words.pin,
      run: () => place({ pinned: !entry.pinned }),
    },
    ...folders
      .filter(({ id }) => id !== entry.folder)
      .map(({ id, name }) => ({
        icon: ICONS.folder,
        label: say(words, "move_to", { name }),
        run: () => place({ folder: id }),
      })),
    ...(entry.folder ? [{ icon: ICONS.folder, label: words.remove_folder, run: () => place({ folder: null }) }] : []),
    { icon: ICONS.archive, label: words.archive, run: () => place({ archived: true }) },
    {
      icon: ICONS.download,
      label: words.export_markdown,
      run: () => void chat.withLibrary((it) => it.export(entry, "markdown")),
    },
    {
      icon: ICONS.download,
      label: words.export_json,
      run: () => void chat.withLibrary((it) => it.export(entry, "json")),
    },
    { icon: ICONS.trash, label: words.delete, run: () => chat.remove(entry) },
  ];
  return items.map(({ icon, label, run }, index) => (
    <button
      key={`${label} ${icon}`}
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
