import { useChatState } from "../hooks/use-chat";
import type { LinkState } from "../link/socket";

const WORDS: Record<LinkState["status"], string> = {
  connecting: "Connecting",
  open: "Connected",
  resting: "Resting",
  locked: "Locked",
  waiting: "Not connected",
};

/** Whether the link is up, in a colour and in words. */
export function LinkLight() {
  const status = useChatState((state) => state.link.status);
  return (
    <p role="status" className="flex items-center gap-2 text-muted-foreground text-xs" data-link={status}>
      <span aria-hidden="true" className="light" />
      {WORDS[status]}
    </p>
  );
}
