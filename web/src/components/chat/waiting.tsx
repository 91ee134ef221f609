import { useChatState, useWords } from "../../hooks/use-chat";

/** Stands for an answer of which nothing has come; `queued` when its question is not sent yet. */
export function Waiting({ queued }: { queued: boolean }) {
  const words = useWords();
  const isDown = useChatState(({ connection }) => connection.status === "waiting" || connection.status === "locked");
  const isKeeping = useChatState((state) => state.isKeeping);
  if (!queued || !isDown) return <p className="pulse" role="img" aria-label={words.waiting_first} />;
  return <p className="text-muted-foreground text-sm">{isKeeping ? words.question_kept : words.question_not_kept}</p>;
}
