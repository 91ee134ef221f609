import { useChat, useWords } from "../../hooks/use-chat";
import type { Reading } from "../../state/conversation";
import { sayAll } from "../../text/words/words";

/** Stands in place of a chat that is loading, that could not be read, or that does not exist. */
export function ChatPlaceholder({ reading }: { reading: Reading }) {
  const chat = useChat();
  const words = useWords();
  if (reading.status === "gone") {
    return (
      <div className="m-auto flex flex-col items-center gap-4 py-10 text-center">
        <p role="status" className="text-balance">
          {words.chat_gone}
        </p>
        <button type="button" className="button" onClick={() => chat.conversations.show(null)}>
          {words.new_chat}
        </button>
      </div>
    );
  }
  if (reading.status === "failed") {
    return (
      <div className="m-auto flex flex-col items-center gap-4 py-10 text-center">
        <p role="status" className="text-balance">
          {sayAll(words, { say: "chat_not_read" }, reading.why)}
        </p>
        <button type="button" className="button" onClick={chat.conversations.refresh}>
          {words.try_again}
        </button>
      </div>
    );
  }
  return <p role="img" aria-label={words.reading_chat} className="pulse m-auto" />;
}
