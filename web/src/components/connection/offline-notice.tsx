import { useChatState } from "../../hooks/use-chat";

/** The name of the model that stands in when the server has no key. */
const STAND_IN = "offline";

/** Says so when no real model is behind the page. */
export function OfflineNotice() {
  const isOffline = useChatState((state) => state.models?.default === STAND_IN);
  if (!isOffline) return null;
  return (
    <p
      dir="auto"
      className="border-notice-line border-b bg-notice px-4 py-2 text-center text-notice-foreground text-sm"
    >
      No real model is behind this page: an offline stand-in answers. Set <code>GEMINI_API_KEY</code> and start the
      server again.
    </p>
  );
}
