import { useEffect, useRef } from "react";
import { useChat, useChatState } from "../../hooks/use-chat";
import { useToday } from "../../hooks/use-today";
import { runningAnswers } from "../../state/conversation";
import { groupsOf, type Listing } from "../../state/listing";
import { ChatEntry } from "./chat-entry";
import { UndoBar } from "./undo-bar";

/** The chats that are listed, by their day, and the bar that brings a deleted one back. */
export function ChatGroups({ onChoose }: { onChoose: (id: string) => void }) {
  const listing = useChatState((state) => state.found ?? state.list);
  return (
    <>
      <div className="-mx-3 min-h-0 flex-1 overflow-y-auto px-3">
        <Groups listing={listing} onChoose={onChoose} />
        <Footer listing={listing} />
      </div>
      <UndoBar />
    </>
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
