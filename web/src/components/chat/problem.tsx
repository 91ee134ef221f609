import { useChat, useWords } from "../../hooks/use-chat";
import { useSecondsUntil } from "../../hooks/use-seconds-until";
import { inWords } from "../../text/durations";
import { type Problem as ProblemData, retryLabel } from "../../text/problems";
import { say, sayAll } from "../../text/words/words";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

/** What went wrong, what to do about it, and a button that does it as soon as it may help. */
export function Problem({ problem, onRetry }: { problem: ProblemData; onRetry: () => void }) {
  const chat = useChat();
  const words = useWords();
  const label = words[retryLabel(problem)];
  const seconds = useSecondsUntil(problem.retry?.notBefore ?? 0);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-danger-line bg-danger-soft px-4 py-3 text-sm">
      <Icon path={ICONS.warning} className="size-5 text-danger" />
      <p className="min-w-0 flex-1 basis-60 text-pretty">
        <strong className="font-semibold">{sayAll(words, problem.sentence)}</strong>
        {problem.advice.length > 0 && words.between + sayAll(words, ...problem.advice)}
      </p>
      <div className="flex flex-wrap gap-2 empty:hidden">
        {problem.setting !== null && (
          <button type="button" className="button" onClick={() => chat.open("settings")}>
            {words.open_settings}
          </button>
        )}
        {problem.retry?.first === "sign_in" && (
          <button type="button" className="button" onClick={() => chat.open("sign_in")}>
            {words.enter_token}
          </button>
        )}
        {problem.retry !== null && (
          <button type="button" className="button" disabled={seconds > 0} onClick={onRetry}>
            {seconds > 0 ? say(words, "retry_in", { label, time: inWords(words, seconds) }) : label}
          </button>
        )}
      </div>
    </div>
  );
}
