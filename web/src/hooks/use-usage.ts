import { useEffect, useState } from "react";
import type { UsageReport } from "../protocol/frames";
import { runningAnswers } from "../state/conversation";
import { useChat, useChatState } from "./use-chat";

/** What the server told, and when (milliseconds since the epoch). */
export interface Told {
  report: UsageReport;
  at: number;
}

/** What the reader used, and what is left: asked now, and again whenever an answer begins or ends. */
export function useUsage(): Told | null {
  const chat = useChat();
  const busy = useChatState((state) => state.conversations.flatMap(runningAnswers).length);
  const [told, setTold] = useState<Told | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: that `busy` has changed is why it is asked again
  useEffect(() => {
    let stale = false;
    void chat.usage().then((report) => {
      if (!stale) setTold(report && { report, at: Date.now() });
    });
    return () => {
      stale = true;
    };
  }, [chat, busy]);
  return told;
}
