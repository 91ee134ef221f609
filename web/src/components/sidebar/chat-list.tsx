import { type ChangeEvent, type KeyboardEvent, useCallback, useEffect, useRef } from "react";
import { useChat, useChatState } from "../../hooks/use-chat";
import { useToday } from "../../hooks/use-today";
import { opensKeyboard } from "../../keyboard/keys";
import { toMessageBox } from "../../keyboard/shortcuts";
import { runningAnswers } from "../../state/conversation";
import { groupsOf, type Listing } from "../../state/listing";
import { Icon } from "../ui/icon";
import { ChatEntry } from "./chat-entry";
import { UndoBar } from "./undo-bar";

/** All chats by their day, or those that hold what is looked for. `onLeave` is called when the reader is done here. */
export function ChatList({ onLeave }: { onLeave: () => void }) {
  const chat = useChat();
  const list = useRef<HTMLDivElement>(null);
  const listing = useChatState((state) => state.found ?? state.list);
  const leave = useCallback(() => {
    chat.conversations.list.search("");
    onLeave();
    if (!opensKeyboard()) toMessageBox();
  }, [chat, onLeave]);
  const choose = useCallback(
    (id: string | null) => {
      chat.conversations.show(id);
      leave();
    },
    [chat, leave],
  );
  const onKeyDown = (event: KeyboardEvent) => {
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
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows only move between what can be reached without them
    <div ref={list} className="flex h-full flex-col gap-3 p-3" onKeyDown={onKeyDown}>
      <p className="flex items-center gap-2 px-2 pt-1 font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" className="size-5" /> Deltawire
      </p>
      <button type="button" className="button w-full justify-start" onClick={() => choose(null)}>
        <Icon name="plus" /> New chat
      </button>
      <SearchBox onChoose={choose} />
      <div className="-mx-3 min-h-0 flex-1 overflow-y-auto px-3">
        <Groups listing={listing} onChoose={choose} />
        <Footer listing={listing} />
      </div>
      <UndoBar />
    </div>
  );
}

/** What the arrows move between. */
const STOPS = "[type=search], a.chat-entry";

function SearchBox({ onChoose }: { onChoose: (id: string) => void }) {
  const chat = useChat();
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
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    if (first !== undefined) onChoose(first);
    else isAwaited.current = found?.isRead === false;
  };
  return (
    <div className="relative">
      <Icon name="search" className="absolute top-2.5 left-2.5 size-4 text-muted-foreground" />
      <input
        type="search"
        dir="auto"
        aria-label="Search the chats"
        placeholder="Search"
        autoComplete="off"
        maxLength={200}
        className="input ps-8.5 py-1.5 text-sm"
        value={found?.words ?? ""}
        onChange={onChange}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

function Groups({ listing, onChoose }: { listing: Listing; onChoose: (id: string) => void }) {
  const shown = useChatState((state) => state.shown);
  const deleting = useChatState((state) => state.deleting?.entry.id);
  const today = useToday();
  const busy = useChatState((state) =>
    state.conversations.flatMap((c) => (runningAnswers(c).length > 0 ? [c.id] : [])).join(" "),
  );
  const entries = listing.entries.filter(({ id }) => id !== deleting);
  return groupsOf(entries, today).map(({ name, entries }) => (
    <div key={name}>
      <h2 className="sticky top-0 z-1 bg-sidebar px-2.5 py-1.5 font-medium text-muted-foreground text-xs">{name}</h2>
      <ul aria-label={name} className="mb-3 flex flex-col gap-0.5">
        {entries.map((entry) => (
          <ChatEntry
            key={entry.id}
            entry={entry}
            isShown={entry.id === shown}
            isBusy={busy.split(" ").includes(entry.id)}
            onChoose={onChoose}
          />
        ))}
      </ul>
    </div>
  ));
}

/** What is said below the chats, and what brings more of them. */
function Footer({ listing }: { listing: Listing }) {
  const chat = useChat();
  const { words, entries, next, isRead, trouble } = listing;
  if (trouble !== null) {
    const again =
      next !== null
        ? () => void chat.conversations.list.more()
        : words === ""
          ? chat.conversations.refresh
          : () => chat.conversations.list.search(words);
    return (
      <div className="px-2.5 py-2 text-muted-foreground text-sm">
        <p role="status" className="mb-2">
          {trouble}
        </p>
        <button type="button" className="button" onClick={again}>
          Try again
        </button>
      </div>
    );
  }
  if (next !== null) return <More key={next} />;
  if (!isRead || entries.length > 0) return null;
  return (
    <p role="status" className="px-2.5 py-2 text-muted-foreground text-sm">
      {words === "" ? "What you ask will be listed here." : "No chat holds these words."}
    </p>
  );
}

/** Asks for the next page when it comes into sight. */
function More() {
  const chat = useChat();
  const end = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (end.current === null) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && chat.conversations.list.more(), {
      rootMargin: "200px",
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [chat]);
  return (
    <p ref={end} className="h-8">
      <span className="sr-only">There are more chats</span>
    </p>
  );
}
