// An answer's markdown. What the model writes is not trusted: no HTML of its, no image from anywhere, and links only
// to addresses that a browser opens as a page or a letter.

import { createCodePlugin } from "@streamdown/code";
import { type ComponentProps, type CSSProperties, memo, useMemo, useRef } from "react";
import { type Components, defaultComponents, defaultRehypePlugins, Streamdown } from "streamdown";
import { withFormulas } from "./formulas";
import { useMath } from "./math-provider";
import { PlainText } from "./plain-text";
import { type Section, sectionsOf } from "./sections";
import { useNear } from "./use-near";

/** rehype-raw is left out, so HTML is shown as what was written. */
const REHYPE_PLUGINS = [defaultRehypePlugins.sanitize, defaultRehypePlugins.harden].filter((plugin) => plugin != null);
const CONTROLS = { code: { copy: true, download: false } };
const PLUGINS = { code: createCodePlugin({ themes: ["github-light-default", "github-dark-default"] }) };
const NO_LINK_DIALOG = { enabled: false };
const COMPONENTS = { a: Link, code: Code, img: ImageLink, input: Checkbox, span: Span, table: Table } as Components;

/** An answer of more sections than this keeps, as markdown, only those that are near what is seen. */
const KEPT_SECTIONS = 24;

export interface Props {
  text: string;
  /** While more of the text is to come. */
  growing: boolean;
  /** Whether its end is about to be seen. */
  shown: boolean;
}

/** One answer, whose text only grows: another one needs another key. */
export function Markdown({ text, growing, shown }: Props) {
  const known = useRef<readonly Section[]>([]);
  known.current = sectionsOf(text, known.current);
  const sections = known.current;
  return sections.map((section, index) => (
    <SectionView
      key={section.start}
      text={section.text}
      plain={section.plain}
      growing={growing && index === sections.length - 1}
      shown={shown && index >= sections.length - 2}
      alone={sections.length === 1}
      kept={sections.length <= KEPT_SECTIONS}
    />
  ));
}

interface SectionProps extends Props {
  plain: boolean;
  /** Whether it is the whole answer, whose turn is out of sight as one. */
  alone: boolean;
  kept: boolean;
}

/** Far from what is seen it is text as it was written, which a browser's search and a screen reader find. */
const SectionView = memo(function SectionView({ text, growing, shown, plain, alone, kept }: SectionProps) {
  const box = useRef<HTMLDivElement>(null);
  const near = useNear(box, growing || shown, kept);
  return (
    <div ref={box} className={alone ? "" : "far-off"} style={alone ? undefined : heightOf(text)}>
      {plain || !(near || growing) ? <PlainText text={text} /> : <Read text={text} growing={growing} />}
    </div>
  );
});

/** About what it takes of the screen, until it has been laid out. */
function heightOf(text: string): CSSProperties {
  return { containIntrinsicBlockSize: `auto ${Math.ceil(text.length / 1_000) * 42}rem` };
}

function Read({ text, growing }: { text: string; growing: boolean }) {
  const { markdown, found } = useMemo(() => withFormulas(text, growing), [text, growing]);
  const math = useMath(found);
  const plugins = useMemo(() => (math === null ? PLUGINS : { ...PLUGINS, math }), [math]);
  return (
    <Streamdown
      caret="circle"
      codeBlockMaxHeight={0}
      components={COMPONENTS}
      controls={CONTROLS}
      dir="auto"
      isAnimating={growing}
      lineNumbers={false}
      linkSafety={NO_LINK_DIALOG}
      plugins={plugins}
      rehypePlugins={REHYPE_PLUGINS}
    >
      {math === null ? text : markdown}
    </Streamdown>
  );
}

function isOpenable(address: string | undefined): address is string {
  return address !== undefined && /^(https?|mailto):/i.test(address);
}

function Link({ href, children }: ComponentProps<"a">) {
  if (!isOpenable(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" className="text-primary underline underline-offset-2">
      {children}
    </a>
  );
}

/** Loading an image would tell its host that, and when, this answer was read. */
function ImageLink({ src, alt }: ComponentProps<"img">) {
  return <Link href={typeof src === "string" ? src : undefined}>{alt || "image"}</Link>;
}

/** An item of a task list. */
function Checkbox({ checked }: ComponentProps<"input">) {
  return (
    <input type="checkbox" disabled checked={checked} aria-label={checked ? "done" : "to do"} className="mr-1.5" />
  );
}

/** What is wide scrolls by itself, by keyboard too; a group, as a region of each would crowd the page's landmarks. */
function Table({ children }: ComponentProps<"table">) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fields are grouped here
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div role="group" aria-label="Table" tabIndex={0} className="table-scroll">
      <table>{children}</table>
    </div>
  );
}

/** Of all spans only a formula that stands by itself may be wide, and scrolls. */
function Span({ node: _, ...props }: ComponentProps<"span"> & { node?: unknown }) {
  const isFormula = props.className === "katex-display";
  return <span {...props} {...(isFormula ? FORMULA : {})} />;
}

/** What the scrolling body of a block of code is given, for the same reasons. */
const CODE_BODY = { role: "group", "aria-label": "Code", tabIndex: 0 } as const;

const FORMULA = { role: "group", "aria-label": "Formula", tabIndex: 0 } as const;

function Code(props: ComponentProps<"code">) {
  const isBlock = "data-block" in props;
  return <defaultComponents.code {...props} {...(isBlock ? CODE_BODY : {})} />;
}
