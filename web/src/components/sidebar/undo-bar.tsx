import { useEffect } from "react";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { opensKeyboard } from "../../keyboard/keys";
import { toMessageBox } from "../../keyboard/message-box";
import { say } from "../../text/words/words";

/** Says which chat was deleted, and brings it back, as long as that can be done. */
export function UndoBar() {
  const words = useWords();
  const title = useChatState((state) => state.deleting?.entry.title);
  return (
    <div role="status" aria-label={words.deleted_label}>
      {title !== undefined && <Undo title={title || words.new_chat} />}
    </div>
  );
}

function Undo({ title }: { title: string }) {
  const chat = useChat();
  const words = useWords();
  useEffect(
    () => () => {
      const isLost = document.activeElement === document.body; // the button took the focus with it
      if (isLost && !opensKeyboard()) toMessageBox();
    },
    [],
  );
  return (
    <div className="flex items-center gap-3 rounded-lg bg-foreground px-3 py-2 text-background text-sm">
      <p dir="auto" className="min-w-0 flex-1 truncate">
        {say(words, "deleted", { name: title })}
      </p>
      <button
        type="button"
        className="text-button"
        // biome-ignore lint/a11y/noAutofocus: the menu that was used is gone
        autoFocus
        onClick={chat.deletion.undo}
      >
        {words.undo}
      </button>
    </div>
  );
}
