import { type KeyboardEvent, type MouseEvent, memo, useEffect, useRef, useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { isConverting } from "../../keyboard/keys";
import { addressOf } from "../../state/addresses";
import type { Entry } from "../../state/listing";
import { ChatMenu } from "./chat-menu";

interface Props {
  entry: Entry;
  isShown: boolean;
  isBusy: boolean;
  onChoose: (id: string) => void;
  /** Whether it is one of several that are selected; null while none are. */
  isSelected: boolean | null;
  onSelect: (entry: Entry) => void;
}

/** One chat of the list: a link to it, and what can be done with it. */
export const ChatEntry = memo(function ChatEntry({ entry, isShown, isBusy, onChoose, isSelected, onSelect }: Props) {
  const [renaming, setRenaming] = useState(false);
  const [left, setLeft] = useState(false); // and whoever has renamed it by keyboard is back where they were
  const anchor = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (left) anchor.current?.focus();
    setLeft(false);
  }, [left]);
  const words = useWords();
  const title = entry.title || words.new_chat;
  if (renaming) {
    const end = (byKeyboard: boolean) => {
      setRenaming(false);
      setLeft(byKeyboard);
    };
    return (
      <li>
        <TitleEditor entry={entry} onEnd={end} />
      </li>
    );
  }
  if (isSelected !== null) {
    return (
      <li className="chat-row">
        <label className="chat-entry cursor-pointer justify-start!">
          <input
            type="checkbox"
            checked={isSelected}
            disabled={entry.stored === null}
            onChange={() => onSelect(entry)}
          />
          <span dir="auto" className="truncate">
            {title}
          </span>
        </label>
      </li>
    );
  }
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab or a window of its own
    event.preventDefault();
    onChoose(entry.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "F2" && entry.stored !== null) setRenaming(true);
  };
  return (
    <li className="chat-row">
      <a
        ref={anchor}
        href={addressOf(entry.stored)}
        className="chat-entry"
        title={title}
        aria-current={isShown ? "page" : undefined}
        onClick={onClick}
        onKeyDown={onKeyDown}
      >
        <span className="min-w-0 flex-1">
          <span className="flex">
            <span dir="auto" className="truncate">
              {title}
            </span>
          </span>
          {entry.excerpt && (
            <span className="line-clamp-2 text-muted-foreground text-xs">
              <bdi>{entry.excerpt}</bdi>
            </span>
          )}
        </span>
        {isBusy && <span role="img" aria-label={words.answering} className="busy" />}
      </a>
      {entry.stored !== null && <ChatMenu entry={entry} title={title} onRename={() => setRenaming(true)} />}
    </li>
  );
});

/** The title while it is changed: Enter or leaving it keeps what is written, Escape does not. */
function TitleEditor({ entry, onEnd }: { entry: Entry; onEnd: (byKeyboard: boolean) => void }) {
  const chat = useChat();
  const words = useWords();
  const [title, setTitle] = useState(entry.title);
  const keep = (byKeyboard: boolean) => {
    if (title.trim() !== "") chat.conversations.rename(entry, title.trim());
    onEnd(byKeyboard);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isConverting(event.nativeEvent)) return;
    if (event.key === "Enter") keep(true);
    if (event.key !== "Escape") return;
    event.preventDefault(); // which would close the drawer
    event.stopPropagation(); // which would stop the answer
    onEnd(true);
  };
  return (
    <input
      aria-label={words.name}
      dir="auto"
      className="input px-2.5 py-1.5 text-sm -outline-offset-2"
      maxLength={200}
      // biome-ignore lint/a11y/noAutofocus: the reader has just asked to rename it
      autoFocus
      value={title}
      onFocus={({ target }) => target.select()}
      onChange={({ target }) => setTitle(target.value)}
      onKeyDown={onKeyDown}
      onBlur={() => keep(false)}
    />
  );
}
