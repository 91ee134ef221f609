// Highlights code, in pieces, for as long as that is worth.

import { createBundledHighlighter, type GrammarState } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import { GRAMMARS, languageOf } from "./languages";

const THEMES = { light: "github-light-default", dark: "github-dark-default" } as const;
/** Comments that can be told from the ground of our blocks. */
const COLORS = { "github-light-default": { "#6e7781": "#636b74" } };
/** Longer code stays in one colour. */
const LONGEST_CODE_CHARS = 60_000;
/** So does a longer line: what a grammar's patterns take grows with its square, or faster, and cannot be interrupted. */
const LONGEST_LINE_CHARS = 400;
/** What is not done by then stays in one colour. The first lines of a language take some of it for the grammar itself. */
const MOST_MS = 1_000;
/** A line that takes longer is coloured in part, and those after it as if it had not ended: a slow machine needs more. */
const MOST_MS_A_LINE = 300;
/** Between two pieces of a code the browser may do something else. */
const PIECE_MS = 10;
const FIRST_LINES = 4;
const MOST_LINES = 40;

interface Token {
  content: string;
  /** Custom properties: its colour in the light and in the dark theme. */
  style: Record<string, string>;
}

export type Line = readonly Token[];

/** What is highlighted of a code: some whole lines from its beginning, and what is needed to continue after them. */
export interface Highlighted {
  code: string;
  lines: readonly Line[];
  state: GrammarState | undefined;
  /** What that has taken. */
  ms: number;
}

export const NOTHING_YET: Highlighted = { code: "", lines: [], state: undefined, ms: 0 };

const createHighlighter = createBundledHighlighter({
  langs: GRAMMARS,
  themes: {
    "github-light-default": () => import("shiki/themes/github-light-default.mjs"),
    "github-dark-default": () => import("shiki/themes/github-dark-default.mjs"),
  },
  engine: () => createJavaScriptRegexEngine({ forgiving: true }),
});

type Highlighter = Awaited<ReturnType<typeof createHighlighter>>;

/** The language that a code is highlighted as, by any of its names; null when it is not. */
export function highlightedAs(name: string, code: string): string | null {
  return code.length > LONGEST_CODE_CHARS ? null : languageOf(name);
}

/** A highlighter that loads each language once. */
export function createCodeHighlighter() {
  const loading = new Map<string, Promise<Highlighter>>();
  const load = (language: string) => {
    const highlighter =
      loading.get(language) ?? createHighlighter({ langs: [language], themes: Object.values(THEMES) });
    loading.set(language, highlighter);
    highlighter.catch(() => loading.delete(language)); // there was no connection
    return highlighter;
  };
  return { load };
}

/**
 * Highlight what is not highlighted yet of a code. `tell` is called with more and more of its whole lines, and at last
 * with the one that may still grow; no more once `signal` is aborted.
 */
export async function highlight(
  highlighter: Highlighter,
  language: string,
  code: string,
  before: Highlighted,
  signal: AbortSignal,
  tell: (highlighted: Highlighted, last: Line | null) => void,
): Promise<void> {
  const lines = code.split("\n");
  let size = FIRST_LINES;
  let done = code.startsWith(before.code) ? before : NOTHING_YET;
  while (done.lines.length < lines.length - 1 && done.ms < MOST_MS) {
    const from = done.lines.length;
    const piece = lines.slice(from, Math.min(from + size, lines.length - 1));
    const begun = performance.now();
    const { tokens, state } = tokensOf(highlighter, language, piece.join("\n"), done.state);
    const taken = performance.now() - begun;
    const ms = done.ms + taken;
    size = taken > PIECE_MS ? 1 : Math.min(size * 2, MOST_LINES);
    done = { code: `${done.code}${piece.join("\n")}\n`, lines: [...done.lines, ...tokens], state, ms };
    tell(done, null);
    if (done.lines.length < lines.length - 1) await new Promise((resume) => setTimeout(resume));
    if (signal.aborted) return;
  }
  if (done.ms < MOST_MS) tell(done, tokensOf(highlighter, language, lines.at(-1) ?? "", done.state).tokens[0] ?? null);
}

function tokensOf(highlighter: Highlighter, language: string, code: string, before: GrammarState | undefined) {
  const { tokens, grammarState } = highlighter.codeToTokens(code, {
    lang: language,
    themes: THEMES,
    defaultColor: false,
    colorReplacements: COLORS,
    tokenizeTimeLimit: MOST_MS_A_LINE,
    tokenizeMaxLineLength: LONGEST_LINE_CHARS,
    ...(before === undefined ? {} : { grammarState: before }),
  });
  const lines = tokens.map((line): Line => line.map(({ content, htmlStyle = {} }) => ({ content, style: htmlStyle })));
  return { tokens: lines, state: grammarState };
}
