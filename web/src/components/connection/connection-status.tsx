import type { ConnectionState } from "../../connection/connection-state";
import { useChatState } from "../../hooks/use-chat";

const WORDS: Record<ConnectionState["status"], string> = {
  connecting: "Connecting",
  open: "Connected",
  resting: "Connects when needed",
  locked: "Sign in to connect",
  waiting: "Not connected",
};

/** The state of the connection, as a coloured dot and in words. */
export function ConnectionStatus() {
  const status = useChatState((state) => state.connection.status);
  return (
    <p role="status" className="flex items-center gap-2 text-muted-foreground text-xs" data-connection={status}>
      <span aria-hidden="true" className="status-dot" />
      {WORDS[status]}
    </p>
  );
}
