import type { ConnectionState } from "../../connection/connection-state";
import { useChatState, useWords } from "../../hooks/use-chat";

const WORDS = {
  connecting: "connecting",
  open: "connected",
  resting: "connects_when_needed",
  locked: "sign_in_to_connect",
  waiting: "not_connected",
} as const satisfies Record<ConnectionState["status"], string>;
/** Those that are worth a look; the others are only read out. */
const SHOWN: ReadonlySet<ConnectionState["status"]> = new Set(["locked", "waiting"]);

/** The state of the connection in words, and where it is worth a look as a coloured dot. */
export function ConnectionStatus() {
  const words = useWords();
  const status = useChatState((state) => state.connection.status);
  return (
    <p
      role="status"
      className={`text-muted-foreground text-xs ${SHOWN.has(status) ? "flex items-center gap-2" : "sr-only"}`}
      data-connection={status}
      title={words[WORDS[status]]}
    >
      <span aria-hidden="true" className="status-dot" />
      <span className="max-sm:sr-only">{words[WORDS[status]]}</span>
    </p>
  );
}
