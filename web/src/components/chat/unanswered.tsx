import { useEffect } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import type { Question } from "../../state/conversation";

/** When to look for the answer: a server stores what a reload has cut a moment later. */
const LOOKS_MS = [1_000, 4_000];

/** Stands where an answer is missing: it was lost with a page or a server, or is on its way to another tab. */
export function Unanswered({ question }: { question: Question }) {
  const chat = useChat();
  const words = useWords();
  useEffect(() => {
    const timers = LOOKS_MS.map((ms) => setTimeout(chat.conversations.refresh, ms));
    return () => timers.forEach(clearTimeout);
  }, [chat]);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-border bg-muted px-4 py-3 text-sm">
      <p className="min-w-0 flex-1 basis-60">
        <strong className="font-semibold">{words.no_answer}</strong>
        {words.between + words.no_answer_note}
      </p>
      <button type="button" className="button" onClick={() => chat.turns.askAgain(question.id)}>
        {words.ask_again}
      </button>
    </div>
  );
}
