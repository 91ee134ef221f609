import { useChat, useChatState } from "../hooks/use-chat";
import { useSecondsUntil } from "../hooks/use-seconds-until";

/** Why the link is down, and when it is tried again. */
export function LinkNotice() {
  const chat = useChat();
  const link = useChatState((state) => state.link);
  const seconds = useSecondsUntil(link.status === "waiting" ? link.retryAt : 0);
  if (link.status !== "waiting" && link.status !== "locked") return null;
  return (
    <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1 rounded-xl bg-notice px-4 py-2 text-notice-foreground text-sm">
      <p>
        {link.why}{" "}
        {link.status === "waiting" && (
          <>
            <span className="tabular-nums">{seconds > 0 ? `Trying again in ${seconds} s` : "Trying again"}</span>;{" "}
          </>
        )}
        {link.status === "waiting" ? "what" : "What"} you write is kept.
      </p>
      <button
        type="button"
        className="font-medium underline underline-offset-2"
        onClick={link.status === "waiting" ? chat.connect : () => chat.open("sign_in")}
      >
        {link.status === "waiting" ? "Connect now" : "Enter a token"}
      </button>
    </div>
  );
}
