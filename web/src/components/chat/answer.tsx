import { type ComponentType, lazy, memo, Suspense, useMemo } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { asShown } from "../../markdown/json-answer";
import type { Props as MarkdownProps } from "../../markdown/markdown";
import { NO_MARKS } from "../../markdown/marks";
import { PlainText } from "../../markdown/plain-text";
import { citedPlaces, citedSources } from "../../state/citations";
import { type Answer as AnswerData, isRunning } from "../../state/conversation";
import { partsOf } from "../../state/parts";
import type { Remedy } from "../../text/problems";
import { withSources } from "../../text/source-list";
import { CopyButton } from "../ui/copy-button";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { AnswerExtras, ContinueButton, TimeOf } from "./answer-extras";
import { AnswerParts } from "./answer-parts";
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
  const { parts, sources, marks } = useParts(answer, words.page_nameless);
  const again = (first?: Remedy | null) => chat.turns.askAgain(answer.parent, first);
  return (
    <article aria-label={words.answer} aria-busy={running} className="turn group flex flex-col gap-3">
      {answer.thoughts !== "" && <Thoughts text={answer.thoughts} growing={running && answer.text === ""} />}
      {answer.text !== "" && (
        <div className="answer">
          <Suspense fallback={<PlainText text={answer.text} />}>
            <Markdown
              key={answer.id}
              text={asShown(answer.text, running)}
              growing={running}
              shown={shown}
              marks={marks}
            />
          </Suspense>
        </div>
      )}
      {answer.parts.length > 0 && <AnswerParts parts={parts} sources={sources} running={running} />}
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
            {answer.text !== "" && (
              <CopyButton
                text={withSources(answer.text, sources, words.sources)}
                label={words.copy_answer}
                rich={richTextOf}
              />
            )}
            {answer.text !== "" && (
              <CopyButton
                text={withSources(answer.text, sources, words.sources)}
                label={words.copy_markdown}
                icon={ICONS.markdown}
              />
            )}
            {answer.problem === null && (
              <IconButton icon={ICONS.redo} label={words.regenerate} onClick={() => again()} />
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

/** What came beside an answer's text, and where that rests on sources. */
function useParts({ parts: frames, text }: AnswerData, nameless: string) {
  const parts = useMemo(() => partsOf(frames), [frames]);
  const sources = useMemo(() => citedSources(parts.sources, nameless), [parts, nameless]);
  const isCited = parts.citations.length > 0;
  const cited = isCited ? text : "";
  const marks = useMemo(
    () => (isCited ? citedPlaces(cited, parts.citations, sources) : NO_MARKS),
    [isCited, cited, parts, sources],
  );
  return { parts, sources, marks };
}
