import { useWords } from "../../hooks/use-chat";

/** Stands below an answer that may go on at the server, and is not heard at the moment. */
export function Reconnecting() {
  const words = useWords();
  return <p className="text-muted-foreground text-sm">{words.reconnecting}</p>;
}
