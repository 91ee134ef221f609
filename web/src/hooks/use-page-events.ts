import { useEffect } from "react";
import { useChat } from "./use-chat";

/** Heeds that the page is left, and that its reader comes back to it. */
export function usePageEvents(): void {
  const chat = useChat();
  useEffect(() => {
    const onVisible = () => {
      if (document.visibilityState === "hidden") return chat.deletion.leave();
      chat.checkConnection();
      chat.conversations.refresh();
    };
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("pagehide", chat.deletion.leave);
    window.addEventListener("online", chat.checkConnection);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("pagehide", chat.deletion.leave);
      window.removeEventListener("online", chat.checkConnection);
    };
  }, [chat]);
}
