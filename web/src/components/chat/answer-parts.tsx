import { type ComponentType, lazy, Suspense } from "react";
import { useWords } from "../../hooks/use-chat";
import type { CitedSource } from "../../state/citations";
import type { Parts } from "../../state/parts";
import { say } from "../../text/words/words";
import type { Props as CodeRunsProps } from "./code-runs";
import { FileList } from "./file-list";
import { SearchSuggestions } from "./search-suggestions";
import { Sources } from "./sources";

const CodeRuns = lazy<ComponentType<CodeRunsProps>>(() =>
  import("./code-runs").then(({ CodeRuns }) => ({ default: CodeRuns })).catch(() => ({ default: () => null })),
);

interface Props {
  parts: Parts;
  sources: readonly CitedSource[];
  running: boolean;
}

/** What comes beside an answer's text: pictures, code, sources, Google's suggestions. */
export function AnswerParts({ parts, sources, running }: Props) {
  const words = useWords();
  const suggestions = new Set(parts.searches.flatMap(({ html }) => html || []));
  return (
    <>
      {parts.files.length > 0 && <FileList files={parts.files} label={words.files_made} made />}
      {parts.lost.length > 0 && (
        <p className="text-muted-foreground text-sm">{say(words, "files_lost", { names: parts.lost.join(", ") })}</p>
      )}
      {parts.runs.length > 0 && (
        <Suspense>
          <CodeRuns runs={parts.runs} running={running} />
        </Suspense>
      )}
      {sources.length > 0 && <Sources sources={sources} />}
      {[...suggestions].map((html) => (
        <SearchSuggestions key={html} html={html} />
      ))}
    </>
  );
}
