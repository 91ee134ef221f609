import { useChatState } from "../../hooks/use-chat";

/** Stands for an answer of which nothing has come; `queued` when its question is not sent yet. */
export function Waiting({ queued }: { queued: boolean }) {
  const isDown = useChatState(({ connection }) => connection.status === "waiting" || connection.status === "locked");
  const isKeeping = useChatState((state) => state.isKeeping);
  if (!queued || !isDown) return <p className="pulse" role="img" aria-label="Waiting for the first word" />;
  return (
    <p className="text-muted-foreground text-sm">
      {isKeeping ? "Your question is kept, and is sent" : "Leave this page open: your question is sent"} as soon as the
      connection is back.
    </p>
  );
}
