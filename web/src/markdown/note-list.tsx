import { say } from "../text/words/words";
import { Reading } from "./reading";
import type { References } from "./references";
import { useWords } from "./words";

interface Props {
  references: References;
  /** What the notes' addresses in the page begin with. */
  prefix: string;
  growing: boolean;
}

/** The notes of an answer, each with a way back to where it is named. */
export function NoteList({ references, prefix, growing }: Props) {
  const words = useWords();
  return (
    <section aria-label={words.notes} className="notes">
      <ol>
        {references.notes.map(({ id, number, text }) => (
          <li key={id} id={`${prefix}${number}`} tabIndex={-1}>
            <Reading text={text} references={references} notePrefix={prefix} growing={growing} />
            <button
              type="button"
              aria-label={say(words, "back_to_note", { n: number })}
              className="tool"
              data-tools
              onClick={() => goBack(`#${prefix}${number}`)}
            >
              ↩
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function goBack(address: string): void {
  const link = document.querySelector<HTMLElement>(`a[href="${address}"]`);
  link?.scrollIntoView({ block: "nearest" });
  link?.focus({ preventScroll: true });
}
