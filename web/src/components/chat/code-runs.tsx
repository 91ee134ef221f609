import { CodeBlock } from "../../markdown/code-block";
import type { CodeRun } from "../../state/parts";
import { Icon } from "../ui/icon";
import { LATE_ICONS } from "../ui/late-icons";

const ENDS = {
  ok: "Output",
  failed: "It failed",
  deadline_exceeded: "It took too long",
} as const;

export interface Props {
  runs: readonly CodeRun[];
  /** Whether more of the answer is to come. */
  running: boolean;
}

/** The code that the model ran, and what came of it, folded away. */
export function CodeRuns({ runs, running }: Props) {
  return runs.map(({ call, language, code, result }) => (
    <details key={call} className="group/code text-sm">
      <summary className="inline-flex cursor-pointer list-none items-center gap-1.5 rounded-md py-1 pr-2 text-muted-foreground hover:text-foreground">
        <Icon path={LATE_ICONS.code} />
        {wordsOf(result, running)}
        <Icon
          path={LATE_ICONS.chevron_right}
          className="size-3.5 motion-safe:transition-transform group-open/code:rotate-90"
        />
      </summary>
      <div className="code-run">
        <CodeBlock language={language.toLowerCase()} code={code.replace(/\n$/, "")} />
        {result !== null && (
          <>
            <p className="text-muted-foreground text-xs">{ENDS[result.outcome] ?? ENDS.failed}</p>
            {result.output !== "" && <CodeBlock language="" code={result.output.replace(/\n$/, "")} />}
          </>
        )}
      </div>
    </details>
  ));
}

function wordsOf(result: CodeRun["result"], running: boolean): string {
  if (result === null) return running ? "Running code…" : "Code";
  return result.outcome === "ok" ? "Code that was run" : "Code that was run and failed";
}
