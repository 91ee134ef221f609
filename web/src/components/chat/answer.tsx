import { type ComponentType, lazy, memo, Suspense } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import type { Props as MarkdownProps } from "../../markdown/markdown";
import { PlainText } from "../../markdown/plain-text";
import { type Answer as AnswerData, isRunning } from "../../state/conversation";
import type { Remedy } from "../../text/problems";
import { CopyButton } from "../ui/copy-button";
import { IconButton } from "../ui/icon-button";
import { LATE_ICONS } from "../ui/late-icons";
import { AnswerExtras, ContinueButton, TimeOf } from "./answer-extras";
import { AnswerStats } from "./answer-stats";
import { BranchSwitch } from "./branch-switch";
import { Problem } from "./problem";
import { Reconnecting } from "./reconnecting";
import { Thoughts } from "./thoughts";
import { Waiting } from "./waiting";

/** An answer is read as it was written where this part of the page does not come. */
export const loadMarkdown = () => import("../../markdown/markdown").catch(() => ({ Markdown: PlainText }));
const Markdown = lazy<ComponentType<MarkdownProps>>(() =>
  loadMarkdown().then(({ Markdown }) => ({ default: Markdown })),
);

/** The answer's HTML, made by a part of the page that comes when one is copied. */
const richTextOf = (text: string) => import("../../markdown/rich-text").then(({ richTextOf }) => richTextOf(text));

export const Answer = memo(function Answer({ answer, shown }: { answer: AnswerData; shown: boolean }) {
  const chat = useChat();
  const words = useWords();
  const running = isRunning(answer);
  const again = (first?: Remedy | null) => chat.turns.askAgain(answer.parent, first);
  return (
    <article aria-label={words.answer} aria-busy={running} className="turn group flex flex-col gap-3">
      {answer.thoughts !== "" && <Thoughts text={answer.thoughts} growing={running && answer.text === ""} />}
      {answer.text !== "" && (
        <div className="answer">
          <Suspense fallback={<PlainText text={answer.text} />}>
            <Markdown key={answer.id} text={answer.text} growing={running} shown={shown} />
          </Suspense>
        </div>
      )}
      {running && answer.text === "" && answer.status !== "reconnecting" && (
        <Waiting queued={answer.status === "queued"} />
      )}
      {answer.status === "reconnecting" && <Reconnecting />}
      {answer.problem !== null && (
        <Problem problem={answer.problem} onRetry={() => again(answer.problem?.retry?.first)} />
      )}
      {!running && <ContinueButton answer={answer} />}
      {!running && (
        <footer className="flex flex-wrap items-center gap-x-4 gap-y-1 text-muted-foreground text-xs">
          <div className="actions -ms-1.5">
            <BranchSwitch message={answer} />
            {answer.text !== "" && <CopyButton text={answer.text} label={words.copy_answer} rich={richTextOf} />}
            {answer.text !== "" && (
              <CopyButton text={answer.text} label={words.copy_markdown} icon={LATE_ICONS.markdown} />
            )}
            {answer.problem === null && (
              <IconButton icon={LATE_ICONS.redo} label={words.regenerate} onClick={() => again()} />
            )}
            <AnswerExtras answer={answer} />
            <TimeOf seconds={answer.created} />
          </div>
          <AnswerStats answer={answer} />
        </footer>
      )}
    </article>
  );
});
