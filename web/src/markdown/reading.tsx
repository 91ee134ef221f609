import { Component, type ComponentProps, type ReactNode, useMemo } from "react";
import { Block, Streamdown } from "streamdown";
import { createBlockSplitter } from "./blocks";
import { isTooMuch } from "./budget";
import { COMPONENTS } from "./components";
import { withNestedFences } from "./fences";
import { withFormulas } from "./formulas";
import { useMath } from "./math-provider";
import { PlainText } from "./plain-text";
import { REHYPE_PLUGINS, remarkPlugins } from "./plugins";
import { namedBy, type References } from "./references";

const NO_LINK_DIALOG = { enabled: false };

interface Props {
  text: string;
  /** The link definitions and notes of the whole answer. */
  references: References;
  /** What the notes' addresses in the page begin with. */
  notePrefix: string;
  growing: boolean;
}

/** A text that is read as markdown. While it grows, marks that are not closed yet are closed; afterwards nothing is. */
export function Reading({ text, references, notePrefix, growing }: Props) {
  const nested = useMemo(() => withNestedFences(text, growing), [text, growing]);
  const { markdown, found } = useMemo(() => withFormulas(nested, growing), [nested, growing]);
  const math = useMath(found);
  const source = math === null ? nested : markdown;
  const tooMuch = useMemo(() => isTooMuch(source), [source]);
  const plugins = useMemo(() => (math === null ? {} : { math }), [math]);
  const split = useMemo(createBlockSplitter, []);
  const read = usePlugins(text, references, growing, notePrefix);
  if (tooMuch) return <PlainText text={text} />;
  return (
    <Streamdown
      BlockComponent={GuardedBlock}
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
  );
}

/** The plugins, which are others only when other references are named. */
function usePlugins(text: string, references: References, growing: boolean, prefix: string) {
  const named = useMemo(() => namedBy(text, references), [text, references]);
  const key = JSON.stringify([[...named.definitions], named.notes.map(({ id, number }) => [id, number])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when what is named is another
  return useMemo(() => remarkPlugins(named, growing, prefix), [key, growing, prefix]);
}

type BlockProps = ComponentProps<typeof Block>;

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
