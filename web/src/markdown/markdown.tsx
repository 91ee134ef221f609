// An answer's markdown, read in sections and those in blocks. Once it has ended nothing in it is completed: it is read as
// it was written. What the model writes is not trusted: see plugins/ and components.tsx.

import { type CSSProperties, memo, useId, useMemo, useRef } from "react";
import { type Mark, marksWithin, NO_MARKS } from "./marks";
import { NoteList } from "./note-list";
import { PlainText } from "./plain-text";
import { usePrinting } from "./printing";
import { Reading } from "./reading";
import { createReferenceReader, type References } from "./references";
import { type Section, sectionsOf } from "./sections";
import { copySelection } from "./selection";
import { useNear } from "./use-near";

/** An answer of more sections than this keeps, as markdown, only those that are near what is seen. */
const KEPT_SECTIONS = 24;

export interface Props {
  text: string;
  /** While more of the text is to come. */
  growing: boolean;
  /** Whether its end is about to be seen. */
  shown: boolean;
  /** Where it rests on sources. */
  marks?: readonly Mark[];
}

/** One answer, whose text only grows: another one needs another key. */
export function Markdown({ text, growing, shown, marks = NO_MARKS }: Props) {
  const known = useRef<readonly Section[]>([]);
  const referencesOf = useMemo(createReferenceReader, []);
  const notePrefix = `note-${useId().replace(/\W/g, "")}-`;
  known.current = sectionsOf(text, known.current);
  const sections = known.current;
  const references = referencesOf(sections);
  const marksOf = useMarks(sections, marks);
  return (
    <>
      {sections.map((section, index) => (
        <SectionView
          key={section.start}
          text={section.text}
          plain={section.plain}
          references={references}
          notePrefix={notePrefix}
          marks={marksOf[index] ?? NO_MARKS}
          growing={growing && index === sections.length - 1}
          shown={shown && index >= sections.length - 2}
          alone={sections.length === 1}
          kept={sections.length <= KEPT_SECTIONS}
        />
      ))}
      {references.notes.length > 0 && <NoteList references={references} prefix={notePrefix} growing={growing} />}
    </>
  );
}

/** The marks of each section. */
function useMarks(sections: readonly Section[], marks: readonly Mark[]): (readonly Mark[])[] {
  return useMemo(
    () => (marks.length === 0 ? [] : sections.map(({ start, text }) => marksWithin(marks, start, text.length))),
    [sections, marks],
  );
}

interface SectionProps extends Props {
  plain: boolean;
  references: References;
  notePrefix: string;
  /** Whether it is the whole answer, whose turn is out of sight as one. */
  alone: boolean;
  kept: boolean;
}

/** Far from what is seen it is text as it was written, which a browser's search and a screen reader find. */
const SectionView = memo(function SectionView({ shown, plain, alone, kept, ...reading }: SectionProps) {
  const { text, growing } = reading;
  const box = useRef<HTMLDivElement>(null);
  const near = useNear(box, growing || shown, kept);
  const printing = usePrinting();
  return (
    <div ref={box} className={alone ? "" : "far-off"} style={alone ? undefined : heightOf(text)} onCopy={copySelection}>
      {plain || !(near || growing || printing) ? <PlainText text={text} /> : <Reading {...reading} />}
    </div>
  );
});

/** About what it takes of the screen, until it has been laid out. */
function heightOf(text: string): CSSProperties {
  return { containIntrinsicBlockSize: `auto ${Math.ceil(text.length / 1_000) * 42}rem` };
}
