import { useChatState, useWords } from "../../hooks/use-chat";

/** The name of the model that stands in when the server has no key. */
const STAND_IN = "offline";

/** Says so when no real model is behind the page. */
export function OfflineNotice() {
  const words = useWords();
  const isOffline = useChatState((state) => state.models?.default === STAND_IN);
  if (!isOffline) return null;
  const [before, after] = words.stand_in.split("{key}");
  return (
    <p
      dir="auto"
      className="border-notice-line border-b bg-notice px-4 py-2 text-center text-notice-foreground text-sm"
    >
      {before}
      <code>GEMINI_API_KEY</code>
      {after}
    </p>
  );
}
