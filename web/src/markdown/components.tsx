// The elements of an answer.

import { type ComponentProps, isValidElement, type MouseEvent, type ReactNode, useRef } from "react";
import type { Components } from "streamdown";
import { say } from "../text/words/words";
import { CodeBlock } from "./code-block";
import { texOf } from "./selection";
import { cellsOf, toCsv, toTsv } from "./table-text";
import { CopyTool } from "./tools";
import { useWords } from "./words";

type Props<Tag extends keyof React.JSX.IntrinsicElements> = ComponentProps<Tag> & { node?: unknown };

const NOTE_ADDRESS = "#note-";
const LANGUAGE = /(?:^|\s)language-(\S+)/;
const HEADINGS = { h1: "h1", h2: "h2", h3: "h3", h4: "h4", h5: "h5", h6: "h6" } as const;
const ALERT_TITLES = {
  note: "alert_note",
  tip: "alert_tip",
  important: "alert_important",
  warning: "alert_warning",
  caution: "alert_caution",
} as const;

/** One without an address leads nowhere. */
function Link({ href, title, children, ...rest }: Props<"a"> & { "data-citation"?: string }) {
  const words = useWords();
  const { "data-citation": number } = rest;
  if (href?.startsWith(NOTE_ADDRESS)) return <NoteLink href={href}>{children}</NoteLink>;
  // biome-ignore lint/a11y/useValidAnchor: HTML's placeholder for a link
  if (href === undefined) return <a title={title}>{children}</a>;
  return (
    <a
      href={href}
      title={title}
      aria-label={
        number === undefined ? undefined : say(words, "source_number", { n: Number(number), title: title ?? "" })
      }
      target="_blank"
      rel="noopener noreferrer"
      className={number === undefined ? "answer-link" : "citation"}
    >
      {children}
    </a>
  );
}

/** Leads to a note without a new entry in the history. */
function NoteLink({ href, children }: { href: string; children: ReactNode }) {
  const words = useWords();
  const go = (event: MouseEvent) => {
    event.preventDefault();
    const note = document.getElementById(href.slice(1));
    note?.scrollIntoView({ block: "nearest" });
    note?.focus({ preventScroll: true });
  };
  return (
    <a
      href={href}
      aria-label={say(words, "note_number", { n: href.replace(/^.*-/, "") })}
      className="answer-link"
      onClick={go}
    >
      {children}
    </a>
  );
}

/** An item of a task list. */
function Checkbox({ checked }: Props<"input">) {
  const words = useWords();
  return <input type="checkbox" disabled checked={checked} aria-label={checked ? words.task_done : words.task_open} />;
}

function Paragraph({ children }: Props<"p">) {
  return <p>{children}</p>;
}

function Strong({ children }: Props<"strong">) {
  return <strong>{children}</strong>;
}

function Item({ children, className }: Props<"li">) {
  return <li className={className}>{children}</li>;
}

function Bullets({ children, className }: Props<"ul">) {
  return <ul className={className}>{children}</ul>;
}

function Numbers({ children, className, start }: Props<"ol">) {
  return (
    <ol className={className} start={start}>
      {children}
    </ol>
  );
}

function Quote({ children, ...rest }: Props<"blockquote">) {
  const words = useWords();
  const alert = (rest as { "data-alert"?: keyof typeof ALERT_TITLES })["data-alert"];
  if (alert === undefined) return <blockquote>{children}</blockquote>;
  return (
    <blockquote className="alert" data-alert={alert}>
      <p className="alert-title">{words[ALERT_TITLES[alert]]}</p>
      {children}
    </blockquote>
  );
}

function heading(Tag: keyof typeof HEADINGS) {
  return function Heading({ children }: Props<"h1">) {
    return <Tag>{children}</Tag>;
  };
}

/** What is wide scrolls by itself, by keyboard too; a group, as a region of each would crowd the page's landmarks. */
function Table({ children }: Props<"table">) {
  const words = useWords();
  const table = useRef<HTMLTableElement>(null);
  const cells = () => (table.current === null ? [] : cellsOf(table.current));
  return (
    <div className="table-box">
      {/* biome-ignore lint/a11y/useSemanticElements: no fields are grouped here */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div role="group" aria-label={words.table} tabIndex={0} className="table-scroll">
        <table ref={table}>{children}</table>
      </div>
      <div className="table-tools" data-tools>
        <CopyTool label={words.copy_table_tsv} text={() => toTsv(cells())}>
          TSV
        </CopyTool>
        <CopyTool label={words.copy_table_csv} text={() => toCsv(cells())}>
          CSV
        </CopyTool>
      </div>
    </div>
  );
}

/** Of all spans only a formula that stands by itself may be wide, and scrolls. */
function Span({ node: _, ...props }: Props<"span">) {
  return props.className === "katex-display" ? <Formula {...props} /> : <span {...props} />;
}

function Formula(props: ComponentProps<"span">) {
  const words = useWords();
  const formula = useRef<HTMLSpanElement>(null);
  return (
    <span className="formula">
      {/* biome-ignore lint/a11y/useSemanticElements: no fields are grouped here */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <span {...props} ref={formula} role="group" aria-label={words.formula} tabIndex={0} />
      <span className="formula-tools" data-tools>
        <CopyTool
          label={words.copy_formula}
          text={() => (formula.current === null ? "" : texOf(formula.current).replace(/^\$+|\$+$/g, ""))}
        />
      </span>
    </span>
  );
}

function Pre({ children }: Props<"pre">) {
  if (!isValidElement<ComponentProps<"code">>(children)) return <pre>{children}</pre>;
  const { className = "", children: code } = children.props;
  const text = typeof code === "string" ? code.replace(/\n$/, "") : "";
  return <CodeBlock language={LANGUAGE.exec(className)?.[1] ?? ""} code={text} />;
}

function Code({ children }: Props<"code">) {
  return <code>{children}</code>;
}

export const COMPONENTS = {
  ...Object.fromEntries(Object.values(HEADINGS).map((tag) => [tag, heading(tag)])),
  a: Link,
  blockquote: Quote,
  code: Code,
  input: Checkbox,
  li: Item,
  ol: Numbers,
  p: Paragraph,
  pre: Pre,
  span: Span,
  strong: Strong,
  table: Table,
  ul: Bullets,
  ...Object.fromEntries(["hr", "sub", "sup", "tbody", "td", "th", "thead", "tr"].map((tag) => [tag, tag])),
} as Components;
