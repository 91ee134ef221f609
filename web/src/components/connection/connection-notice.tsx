import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useSecondsUntil } from "../../hooks/use-seconds-until";
import { whyNotConnected } from "../../text/connection-words";
import { type Sentence, sayAll } from "../../text/words/words";

/** Why there is no connection, and when the next attempt is. */
export function ConnectionNotice() {
  const chat = useChat();
  const words = useWords();
  const connection = useChatState((state) => state.connection);
  const isKeeping = useChatState((state) => state.isKeeping);
  const seconds = useSecondsUntil(connection.status === "waiting" ? connection.retryAt : 0);
  if (connection.status !== "waiting" && connection.status !== "locked") return null;
  const trying: Sentence = seconds > 0 ? { say: "trying_in", with: { n: seconds } } : { say: "trying" };
  const sentences: Sentence[] = [
    whyNotConnected(connection.why),
    ...(connection.status === "waiting" ? [trying] : []),
    { say: isKeeping ? "writing_kept" : "writing_not_kept" },
  ];
  return (
    <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1 rounded-xl bg-notice px-4 py-2 text-notice-foreground text-sm">
      <p className="tabular-nums">{sayAll(words, ...sentences)}</p>
      <button
        type="button"
        className="text-button"
        onClick={connection.status === "waiting" ? chat.connect : () => chat.open("sign_in")}
      >
        {connection.status === "waiting" ? words.connect_now : words.enter_token}
      </button>
    </div>
  );
}
