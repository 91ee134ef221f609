import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { shownConversation } from "../../state/state";

/** Offers what was written elsewhere in another branch of this chat; the one that is read stays until it is taken. */
export function News() {
  const { store } = useChat();
  const words = useWords();
  const news = useChatState((state) => shownConversation(state)?.news ?? null);
  return (
    <div role="status" aria-label={words.news}>
      {news !== null && (
        <p className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1 rounded-xl bg-muted px-4 py-2 text-sm">
          {words.newer_version}
          <button
            type="button"
            className="text-button"
            onClick={() => store.dispatch({ type: "turn_to", message: news })}
          >
            {words.show_it}
          </button>
        </p>
      )}
    </div>
  );
}
