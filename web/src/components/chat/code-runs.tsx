import { useWords } from "../../hooks/use-chat";
import { CodeBlock } from "../../markdown/code-block";
import type { CodeRun } from "../../state/parts";
import type { Words } from "../../text/words/words";
import { Icon } from "../ui/icon";
import { ICONS } from "../ui/icons";

const ENDS = {
  ok: "result_ok",
  failed: "result_failed",
  deadline_exceeded: "result_timeout",
} as const;

export interface Props {
  runs: readonly CodeRun[];
  /** Whether more of the answer is to come. */
  running: boolean;
}

/** The code that the model ran, and what came of it, folded away. */
export function CodeRuns({ runs, running }: Props) {
  const words = useWords();
  return runs.map(({ call, language, code, result }) => (
    <details key={call} className="group/code text-sm">
      <summary className="inline-flex cursor-pointer list-none items-center gap-1.5 rounded-md py-1 pe-2 text-muted-foreground hover:text-foreground">
        <Icon path={ICONS.code} />
        {titleOf(words, result, running)}
        <Icon
          path={ICONS.chevron_right}
          className="size-3.5 motion-safe:transition-transform rtl:-scale-x-100 group-open/code:rotate-90 rtl:group-open/code:-rotate-90"
        />
      </summary>
      <div className="code-run">
        <CodeBlock language={language.toLowerCase()} code={code.replace(/\n$/, "")} />
        {result !== null && (
          <>
            <p className="text-muted-foreground text-xs">{words[ENDS[result.outcome] ?? ENDS.failed]}</p>
            {result.output !== "" && <CodeBlock language="" code={result.output.replace(/\n$/, "")} />}
          </>
        )}
      </div>
    </details>
  ));
}

function titleOf(words: Words, result: CodeRun["result"], running: boolean): string {
  if (result === null) return running ? words.code_running : words.code;
  return result.outcome === "ok" ? words.code_ran : words.code_failed;
}
