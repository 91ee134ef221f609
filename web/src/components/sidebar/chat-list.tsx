import { type ChangeEvent, type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useKeptFocus } from "../../hooks/use-kept-focus";
import { isConverting, opensKeyboard } from "../../keyboard/keys";
import { toMessageBox } from "../../keyboard/message-box";
import type { Entry } from "../../state/listing";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";
import { Actions } from "./actions";
import { ChatGroups } from "./chat-groups";
import { LibraryBar } from "./library-bar";
import { SelectionBar } from "./selection-bar";

/** All chats by their day, or those that hold what is looked for. `onLeave` is called when the reader is done here. */
export function ChatList({ onLeave }: { onLeave: () => void }) {
  const chat = useChat();
  const list = useRef<HTMLDivElement>(null);
  const leave = useCallback(() => {
    chat.conversations.list.search("");
    onLeave();
    if (!opensKeyboard()) queueMicrotask(toMessageBox); // when the drawer is closed: nothing behind it takes the focus
  }, [chat, onLeave]);
  const choose = useCallback(
    (id: string | null) => {
      const { found } = chat.store.state;
      const entry = found?.entries.find((it) => it.id === id);
      if (found && entry?.message) {
        const seeking = { conversation: entry.id, message: entry.message, words: found.words };
        chat.store.dispatch({ type: "seek", seeking });
      }
      chat.conversations.show(id);
      leave();
    },
    [chat, leave],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (isConverting(event.nativeEvent)) return;
    const isSearching = chat.store.state.found !== null || event.target instanceof HTMLInputElement;
    if (event.key === "Escape" && isSearching) {
      event.preventDefault();
      event.stopPropagation(); // which would stop the answer
      leave();
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const stops = [...(list.current?.querySelectorAll<HTMLElement>(STOPS) ?? [])];
    const at = stops.indexOf(event.target as HTMLElement);
    if (step === 0 || at === -1) return;
    event.preventDefault();
    stops[at + step]?.focus();
  };
  const words = useWords();
  const bar = useRef<HTMLDivElement>(null);
  useKeptFocus(bar);
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const entries = useChatState((state) => (state.found ?? state.list).entries);
  const select = useCallback(({ id }: Entry) => {
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows only move between what can be reached without them
    <div ref={list} className="flex h-full flex-col gap-3 p-3" onKeyDown={onKeyDown}>
      <p className="flex items-center gap-2 px-2 pt-1 font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" className="size-5" /> Deltawire
      </p>
      <button type="button" className="button w-full justify-start" onClick={() => choose(null)}>
        <Icon path={ICONS.plus} /> {words.new_chat}
      </button>
      <SearchBox onChoose={choose} />
      <Actions onDone={leave} />
      <ChatGroups onChoose={choose} selected={selected} onSelect={select} />
      <div ref={bar}>
        {selected === null ? (
          <LibraryBar onSelect={() => setSelected(new Set())} />
        ) : (
          <SelectionBar selected={entries.filter(({ id }) => selected.has(id))} onEnd={() => setSelected(null)} />
        )}
      </div>
    </div>
  );
}

/** What the arrows move between. */
const STOPS = "[type=search], .chat-row > .chat-entry";

function SearchBox({ onChoose }: { onChoose: (id: string) => void }) {
  const chat = useChat();
  const words = useWords();
  const found = useChatState((state) => state.found);
  const first = found?.isRead ? found.entries[0]?.id : undefined;
  /** Whether Enter was pressed after these words, before they were found. */
  const isAwaited = useRef(false);
  useEffect(() => {
    if (!found?.isRead || !isAwaited.current) return;
    isAwaited.current = false;
    if (first !== undefined) onChoose(first);
  }, [found, first, onChoose]);
  const onChange = ({ target }: ChangeEvent<HTMLInputElement>) => {
    isAwaited.current = false;
    chat.conversations.list.search(target.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || isConverting(event.nativeEvent)) return;
    event.preventDefault(); // the focus moves now: the key would break a line in the message box, or open a choice
    if (first !== undefined) onChoose(first);
    else if (found?.isRead) document.querySelector<HTMLElement>("button.action")?.click();
    else isAwaited.current = found?.isRead === false;
  };
  return (
    <div className="relative">
      <Icon path={ICONS.search} className="absolute inset-y-0 start-2.5 my-auto size-4 text-muted-foreground" />
      <input
        type="search"
        dir={found?.words ? "auto" : undefined}
        aria-label={words.search_chats}
        placeholder={words.search}
        autoComplete="off"
        maxLength={200}
        className="input py-1.5 ltr:pl-8.5 rtl:pr-8.5 text-sm"
        value={found?.words ?? ""}
        onChange={onChange}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
