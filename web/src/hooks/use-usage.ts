import { useEffect, useState } from "react";
import { loadUsage } from "../controller/usage";
import type { UsageReport } from "../protocol/frames";
import { runningAnswers } from "../state/conversation";
import { useChat, useChatState } from "./use-chat";

/** The report, and when it came (milliseconds since the epoch). */
export interface LoadedUsage {
  report: UsageReport;
  at: number;
}

/** Load what the reader used and what is left: now, and whenever an answer begins or ends. */
export function useUsage(): LoadedUsage | null {
  const chat = useChat();
  const busy = useChatState((state) => state.conversations.flatMap(runningAnswers).length);
  const [usage, setUsage] = useState<LoadedUsage | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: that `busy` has changed is why it is asked again
  useEffect(() => {
    let stale = false;
    void loadUsage(chat.api).then((report) => {
      if (!stale) setUsage(report && { report, at: Date.now() });
    });
    return () => {
      stale = true;
    };
  }, [chat, busy]);
  return usage;
}
