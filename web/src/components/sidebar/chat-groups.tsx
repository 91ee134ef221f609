import { useEffect, useRef } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useKeptFocus } from "../../hooks/use-kept-focus";
import { useToday } from "../../hooks/use-today";
import { runningAnswers } from "../../state/conversation";
import { type Entry, groupsOf, type Listing } from "../../state/listing";
import { sayAll } from "../../text/words/words";
import { ChatEntry } from "./chat-entry";
import { FolderGroup } from "./folder-group";
import { UndoBar } from "./undo-bar";

interface Props {
  onChoose: (id: string) => void;
  /** The ids of those that are selected; null while none are. */
  selected: ReadonlySet<string> | null;
  onSelect: (entry: Entry) => void;
}

/** The chats that are listed: by their folders and their day, and the bar that brings a deleted one back. */
export function ChatGroups(props: Props) {
  const listing = useChatState((state) => state.found ?? state.list);
  const room = useRef<HTMLDivElement>(null);
  useKeptFocus(room);
  return (
    <>
      <div ref={room} className="-mx-3 min-h-0 flex-1 overflow-y-auto px-3">
        <Groups listing={listing} {...props} />
        <Footer listing={listing} />
      </div>
      <UndoBar />
    </>
  );
}

function Groups({ listing, ...props }: Props & { listing: Listing }) {
  const deleting = useChatState((state) => state.deleting?.entry.id);
  const folders = useChatState((state) => state.folders);
  const today = useToday();
  const words = useWords();
  const entries = listing.entries.filter(({ id }) => id !== deleting);
  const inFolders = listing.words === "" ? folders : [];
  const isLoose = ({ folder }: Entry) => !inFolders.some(({ id }) => id === folder);
  return (
    <>
      {inFolders.map((folder) => (
        <FolderGroup key={folder.id} folder={folder}>
          <Entries name={folder.name} entries={entries.filter((entry) => entry.folder === folder.id)} {...props} />
        </FolderGroup>
      ))}
      {groupsOf(entries.filter(isLoose), today).map(({ name, entries }) => (
        <div key={name}>
          <h2 className="sticky top-0 z-1 bg-sidebar px-2.5 py-1.5 font-medium text-muted-foreground text-xs">
            {words[name]}
          </h2>
          <Entries name={words[name]} entries={entries} {...props} />
        </div>
      ))}
    </>
  );
}

function Entries({ name, entries, onChoose, selected, onSelect }: Props & { name: string; entries: readonly Entry[] }) {
  const shown = useChatState((state) => state.shown);
  const busy = useChatState((state) =>
    state.conversations.flatMap((c) => (runningAnswers(c).length > 0 ? [c.id] : [])).join(" "),
  );
  return (
    <ul aria-label={name} className="mb-3 flex flex-col gap-0.5">
      {entries.map((entry) => (
        <ChatEntry
          key={entry.id}
          entry={entry}
          isShown={entry.id === shown}
          isBusy={busy.split(" ").includes(entry.id)}
          onChoose={onChoose}
          isSelected={selected === null ? null : selected.has(entry.id)}
          onSelect={onSelect}
        />
      ))}
    </ul>
  );
}

/** What is said below the chats, and what brings more of them. */
function Footer({ listing }: { listing: Listing }) {
  const chat = useChat();
  const text = useWords();
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
          {sayAll(text, trouble)}
        </p>
        <button type="button" className="button" onClick={again}>
          {text.try_again}
        </button>
      </div>
    );
  }
  if (next !== null) return <More key={next} />;
  if (!isRead || entries.length > 0) return null;
  return (
    <p role="status" className="px-2.5 py-2 text-muted-foreground text-sm">
      {words === "" ? text.no_chats : text.no_match}
    </p>
  );
}

/** Asks for the next page when it comes into sight. */
function More() {
  const chat = useChat();
  const words = useWords();
  const end = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (end.current === null) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && chat.conversations.list.more(), {
      rootMargin: "200px",
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [chat]);
  return (
    <p ref={end} className="h-8">
      <span className="sr-only">{words.list_end}</span>
    </p>
  );
}
