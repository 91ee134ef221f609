import { useChat, useChatState } from "../../hooks/use-chat";
import { useSecondsUntil } from "../../hooks/use-seconds-until";

/** Why there is no connection, and when the next attempt is. */
export function ConnectionNotice() {
  const chat = useChat();
  const connection = useChatState((state) => state.connection);
  const isKeeping = useChatState((state) => state.isKeeping);
  const seconds = useSecondsUntil(connection.status === "waiting" ? connection.retryAt : 0);
  if (connection.status !== "waiting" && connection.status !== "locked") return null;
  return (
    <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1 rounded-xl bg-notice px-4 py-2 text-notice-foreground text-sm">
      <p>
        {connection.why}{" "}
        {connection.status === "waiting" && (
          <>
            <span className="tabular-nums">{seconds > 0 ? `Trying again in ${seconds} s` : "Trying again"}</span>.{" "}
          </>
        )}
        {isKeeping ? "What you write is kept." : "What you write is kept only until this page is closed."}
      </p>
      <button
        type="button"
        className="text-button"
        onClick={connection.status === "waiting" ? chat.connect : () => chat.open("sign_in")}
      >
        {connection.status === "waiting" ? "Connect now" : "Enter a token"}
      </button>
    </div>
  );
}
