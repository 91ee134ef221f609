import { Component, type ComponentProps, createContext, type ReactNode, useContext, useMemo } from "react";
import { Block, Streamdown } from "streamdown";
import type { PluggableList } from "unified";
import { blocksOf, createBlockSplitter } from "./blocks";
import { isTooMuch } from "./budget";
import { COMPONENTS } from "./components";
import { withNestedFences } from "./fences";
import { withFormulas } from "./formulas";
import { lineEdits, type Mark, marksAfter, marksWithin, NO_MARKS } from "./marks";
import { useMath } from "./math-provider";
import { PlainText } from "./plain-text";
import { REHYPE_PLUGINS, remarkPlugins } from "./plugins";
import { remarkCitations } from "./plugins/citations";
import { namedBy, type References } from "./references";

const NO_LINK_DIALOG = { enabled: false };
/** Only here does a text that grows read otherwise than one that has ended. */
const MAY_BE_OPEN = /<details\b/i;
/** The marks of each block, by its number. */
const MarksContext = createContext<readonly (readonly Mark[])[]>([]);

interface Props {
  text: string;
  /** The link definitions and notes of the whole answer. */
  references: References;
  /** What the notes' addresses in the page begin with. */
  notePrefix: string;
  growing: boolean;
  marks?: readonly Mark[];
}

/** A text that is read as markdown. While it grows, marks that are not closed yet are closed; afterwards nothing is. */
export function Reading({ text, references, notePrefix, growing, marks = NO_MARKS }: Props) {
  const nested = useMemo(() => withNestedFences(text, growing), [text, growing]);
  const { markdown, found, edits } = useMemo(() => withFormulas(nested, growing), [nested, growing]);
  const math = useMath(found);
  const source = math === null ? nested : markdown;
  const tooMuch = useMemo(() => isTooMuch(source), [source]);
  const ofBlocks = useMemo(() => {
    if (marks.length === 0 || tooMuch) return [];
    const inNested = marksAfter(marks, lineEdits(text, nested));
    return marksOfBlocks(source, source === nested ? inNested : marksAfter(inNested, edits));
  }, [marks, text, nested, source, edits, tooMuch]);
  const plugins = useMemo(() => (math === null ? {} : { math }), [math]);
  const split = useMemo(createBlockSplitter, []);
  const read = usePlugins(text, references, growing, notePrefix);
  if (tooMuch) return <PlainText text={text} />;
  return (
    <MarksContext value={ofBlocks}>
      <Streamdown
        BlockComponent={MarkedBlock}
        caret="circle"
        components={COMPONENTS}
        dir="auto"
        isAnimating={growing}
        linkSafety={NO_LINK_DIALOG}
        parseIncompleteMarkdown={growing}
        parseMarkdownIntoBlocksFn={split}
        plugins={plugins}
        rehypePlugins={REHYPE_PLUGINS}
        remarkPlugins={read}
      >
        {source}
      </Streamdown>
    </MarksContext>
  );
}

function marksOfBlocks(source: string, marks: readonly Mark[]): (readonly Mark[])[] {
  let start = 0;
  return blocksOf(source).map((block) => {
    const within = marksWithin(marks, start, block.length);
    start += block.length;
    return within;
  });
}

/** The plugins. They change, and with them every block is read again, only where the text is read in another way. */
function usePlugins(text: string, references: References, growing: boolean, prefix: string) {
  const named = useMemo(() => namedBy(text, references), [text, references]);
  const maybeOpen = growing && MAY_BE_OPEN.test(text);
  const key = JSON.stringify([[...named.definitions], named.notes.map(({ id, number }) => [id, number])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when what is named is another
  return useMemo(() => remarkPlugins(named, maybeOpen, prefix), [key, maybeOpen, prefix]);
}

type BlockProps = ComponentProps<typeof Block>;

/** A block with the numbers of its sources, which are put in before anything else is done with what was read. */
function MarkedBlock({ remarkPlugins = [], ...props }: BlockProps) {
  const marks = useContext(MarksContext)[props.index] ?? NO_MARKS;
  const plugins = useMemo(
    (): PluggableList => (marks.length === 0 ? remarkPlugins : [[remarkCitations, { marks }], ...remarkPlugins]),
    [marks, remarkPlugins],
  );
  return <GuardedBlock {...props} remarkPlugins={plugins} />;
}

/** A block that cannot be read, as it is nested too deep, is shown as it was written. */
class GuardedBlock extends Component<BlockProps, { faulty: boolean }> {
  override state = { faulty: false };

  static getDerivedStateFromError() {
    return { faulty: true };
  }

  override componentDidUpdate(before: BlockProps) {
    if (before.content !== this.props.content && this.state.faulty) this.setState({ faulty: false });
  }

  override render(): ReactNode {
    return this.state.faulty ? <PlainText text={this.props.content} /> : <Block {...this.props} />;
  }
}
