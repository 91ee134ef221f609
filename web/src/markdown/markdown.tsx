// An answer's markdown. What the model writes is not trusted: no HTML of its, no image from anywhere, and links only
// to addresses that a browser opens as a page or a letter.

import { createCodePlugin } from "@streamdown/code";
import { type ComponentProps, memo } from "react";
import { type Components, defaultComponents, defaultRehypePlugins, Streamdown } from "streamdown";
import { PlainText } from "./plain-text";
import { LONGEST_ANSWER_CHARS, LONGEST_SECTION_CHARS, sectionsOf } from "./sections";

/** rehype-raw is left out, so HTML is shown as what was written. */
const REHYPE_PLUGINS = [defaultRehypePlugins.sanitize, defaultRehypePlugins.harden].filter((plugin) => plugin != null);
const CONTROLS = { code: { copy: true, download: false } };
const PLUGINS = { code: createCodePlugin({ themes: ["github-light-default", "github-dark-default"] }) };
const NO_LINK_DIALOG = { enabled: false };
const COMPONENTS = { a: Link, code: Code, img: ImageLink, input: Checkbox, table: Table } as Components;

/** `growing` while more of the text is to come. */
export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  if (text.length > LONGEST_ANSWER_CHARS) return <PlainText text={text} />;
  const sections = sectionsOf(text);
  return sections.map((section) => {
    const isLast = section.start + section.text.length === text.length;
    if (section.text.length > LONGEST_SECTION_CHARS) return <PlainText key={section.start} text={section.text} />;
    return (
      <Section key={section.start} text={section.text} growing={growing && isLast} alone={sections.length === 1} />
    );
  });
}

/** `alone` when it is the whole answer, whose turn is out of sight as one. */
const Section = memo(function Section({ text, growing, alone }: { text: string; growing: boolean; alone: boolean }) {
  return (
    <Streamdown
      caret="circle"
      className={alone ? "" : "far-off"}
      codeBlockMaxHeight={0}
      components={COMPONENTS}
      controls={CONTROLS}
      dir="auto"
      isAnimating={growing}
      lineNumbers={false}
      linkSafety={NO_LINK_DIALOG}
      plugins={PLUGINS}
      rehypePlugins={REHYPE_PLUGINS}
    >
      {text}
    </Streamdown>
  );
});

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

/** What the scrolling body of a block of code is given, for the same reasons. */
const CODE_BODY = { role: "group", "aria-label": "Code", tabIndex: 0 } as const;

function Code(props: ComponentProps<"code">) {
  const isBlock = "data-block" in props;
  return <defaultComponents.code {...props} {...(isBlock ? CODE_BODY : {})} />;
}
