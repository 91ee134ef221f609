import { useEffect } from "react";
import { useChat, useChatState } from "../../hooks/use-chat";
import { branchTo } from "../../state/conversation";
import { shownConversation } from "../../state/state";

const MARKED_MS = 6_000;
/** So soon after the words were brought into sight, the text around them is drawn with its markdown. */
const DRAWN_MS = 1_000;
const NAME = "found";

/** Scrolls to the words that a search has found in this chat, and marks them for a moment. */
export function FoundWords() {
  const { store } = useChat();
  const seeking = useChatState((state) => state.seeking);
  const isRead = useChatState((state) => {
    const conversation = shownConversation(state);
    return conversation?.id === state.seeking?.conversation && conversation?.reading.status === "done";
  });
  useEffect(() => {
    const conversation = shownConversation(store.state);
    if (seeking === null || !isRead || conversation === null) return;
    const message = Object.values(conversation.messages).find(({ stored }) => stored === seeking.message);
    const isInBranch = branchTo(conversation, conversation.leaf).some(({ id }) => id === message?.id);
    if (message !== undefined && !isInBranch) store.dispatch({ type: "turn_to", message: message.id });
    // Wait until the chat is drawn and has scrolled to its end.
    const timer = setTimeout(() => {
      store.dispatch({ type: "seek", seeking: null });
      show(seeking.words, message?.role === "user" ? message.id : undefined);
    }, 150);
    return () => clearTimeout(timer);
  }, [seeking, isRead, store]);
  return null;
}

function show(words: string, question: string | undefined): void {
  const log = document.querySelector("[role=log]");
  if (log === null) return;
  const began = performance.now();
  let range: Range | null = null;
  const mark = () => {
    if (range !== null && !range.collapsed) return; // else its text was drawn anew, and is not in the page any more
    const within = question && log.querySelector(`[data-message="${CSS.escape(question)}"]`);
    range = rangeOf(words, within || log);
    if (range === null) return;
    if (performance.now() - began < DRAWN_MS) bringIntoSight(range);
    if ("highlights" in CSS) CSS.highlights.set(NAME, new Highlight(range));
  };
  mark();
  const observer = new MutationObserver(mark);
  observer.observe(log, { childList: true, characterData: true, subtree: true });
  setTimeout(() => {
    observer.disconnect();
    if ("highlights" in CSS) CSS.highlights.delete(NAME);
  }, MARKED_MS);
}

/** The words themselves: what holds them may be a text of several screens. */
function bringIntoSight(range: Range): void {
  const { parentElement } = range.startContainer;
  parentElement?.scrollIntoView({ block: "center" });
  const { top, bottom } = range.getBoundingClientRect();
  parentElement?.closest("[data-scroller]")?.scrollBy({ top: (top + bottom - window.innerHeight) / 2 });
}

/** The first place of the longest word that occurs. */
function rangeOf(words: string, within: Element | null): Range | null {
  if (within === null) return null;
  const longestFirst = words
    .toLowerCase()
    .split(/\s+/)
    .sort((one, other) => other.length - one.length)
    .filter((word) => word !== "");
  for (const word of longestFirst) {
    const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = (node.textContent ?? "").toLowerCase().indexOf(word);
      if (at === -1) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + word.length);
      return range;
    }
  }
  return null;
}
