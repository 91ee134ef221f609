import { useEffect } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";

const SHOWN_MS = 3_000;

/** Says for a moment what a shortcut did, as no button is there to show it. */
export function Notice() {
  const { store } = useChat();
  const words = useWords();
  const notice = useChatState((state) => state.notice);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => store.dispatch({ type: "notice", notice: null }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice, store]);
  return (
    <p role="status" aria-label={words.notice} dir="auto" className={notice === null ? "sr-only" : "notice"}>
      {notice}
    </p>
  );
}
