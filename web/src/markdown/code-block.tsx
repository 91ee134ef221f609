import { type CSSProperties, lazy, memo, Suspense, useEffect, useRef, useState } from "react";
import { useIsCodeFenceIncomplete } from "streamdown";
import { createCodeHighlighter, type Highlighted, highlight, highlightedAs, type Line, NOTHING_YET } from "./highlight";
import { CopyTool, Tool } from "./tools";
import { useWords } from "./words";

const HIGHLIGHTER = createCodeHighlighter();
const Diagram = lazy(() => import("./diagram").then(({ Diagram }) => ({ default: Diagram })));

interface Props {
  /** As the fence names it, or "". */
  language: string;
  /** Without its last line break. */
  code: string;
}

/** A block of code; a diagram of mermaid's is drawn when that is asked for. */
export function CodeBlock({ language, code }: Props) {
  const words = useWords();
  const [wraps, setWraps] = useState(false);
  const [drawn, setDrawn] = useState(false);
  const isIncomplete = useIsCodeFenceIncomplete();
  const isDiagram = /^(mermaid|mmd)$/i.test(language) && !isIncomplete;
  return (
    <div dir="ltr" className="code-block" data-streamdown="code-block" data-language={language}>
      <div className="code-head" data-tools>
        <span className="code-language">{language}</span>
        {isDiagram && (
          <Tool label={drawn ? words.show_source : words.draw} onClick={() => setDrawn(!drawn)}>
            {drawn ? words.source : words.draw}
          </Tool>
        )}
        <Tool label={words.wrap_lines} pressed={wraps} onClick={() => setWraps(!wraps)}>
          {words.wrap}
        </Tool>
        <CopyTool label={words.copy_code} text={() => code} />
      </div>
      {isDiagram && drawn ? (
        <Suspense fallback={<CodeBody language={language} code={code} wraps={wraps} />}>
          <Diagram source={code} />
        </Suspense>
      ) : (
        <CodeBody language={language} code={code} wraps={wraps} />
      )}
    </div>
  );
}

/** What is wide scrolls by itself, by keyboard too. */
function CodeBody({ language, code, wraps }: Props & { wraps: boolean }) {
  const words = useWords();
  const lines = useHighlighted(language, code);
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fields are grouped here
    <pre
      role="group"
      aria-label={words.code}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      className={`code-body ${wraps ? "code-wraps" : ""}`}
      data-language={language}
    >
      <code>
        {code.split("\n").map((text, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by where it stands
          <CodeLine key={index} first={index === 0} text={text} tokens={lines[index]} />
        ))}
      </code>
    </pre>
  );
}

interface LineProps {
  first: boolean;
  text: string;
  tokens: Line | undefined;
}

const CodeLine = memo(function CodeLine({ first, text, tokens }: LineProps) {
  const isCurrent = tokens !== undefined && tokens.map(({ content }) => content).join("") === text;
  return (
    <>
      {first ? "" : "\n"}
      {isCurrent
        ? tokens.map(({ content, style }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no name
            <span key={index} style={style as CSSProperties}>
              {content}
            </span>
          ))
        : text}
    </>
  );
});

/** The lines that are highlighted so far. */
function useHighlighted(name: string, code: string): readonly Line[] {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const done = useRef<Highlighted>(NOTHING_YET);
  const language = highlightedAs(name, code);
  useEffect(() => {
    if (language === null) return;
    const stop = new AbortController();
    const tell = (highlighted: Highlighted, last: Line | null) => {
      done.current = highlighted;
      setLines(last === null ? highlighted.lines : [...highlighted.lines, last]);
    };
    HIGHLIGHTER.load(language)
      .then((highlighter) => {
        if (!stop.signal.aborted) return highlight(highlighter, language, code, done.current, stop.signal, tell);
      })
      .catch(() => {}); // it stays in one colour
    return () => stop.abort();
  }, [language, code]);
  return language === null ? [] : lines;
}
