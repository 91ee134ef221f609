import type { Question } from "../chat/conversation";
import { useChat } from "../hooks/use-chat";

/** Stands where an answer is missing: it was lost with a page or a server, or is on its way to another tab. */
export function Unanswered({ question }: { question: Question }) {
  const chat = useChat();
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-border bg-muted px-4 py-3 text-sm">
      <p className="min-w-0 flex-1 basis-60">
        <strong className="font-semibold">This question has no answer.</strong> If it was asked in another tab just now,
        its answer will be here when it is complete.
      </p>
      <button type="button" className="button" onClick={() => chat.askAgain(question.id)}>
        Ask again
      </button>
    </div>
  );
}
