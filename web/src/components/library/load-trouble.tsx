import { useWords } from "../../hooks/use-chat";
import { type Sentence, sayAll } from "../../text/words/words";

/** Says why something could not be loaded, if that is so, and loads it again. */
export function LoadTrouble({ why, onAgain }: { why: Sentence | null; onAgain: () => void }) {
  const words = useWords();
  if (why === null) return null;
  return (
    <div>
      <p role="status" className="mb-2">
        {sayAll(words, why)}
      </p>
      <button type="button" className="button" onClick={onAgain}>
        {words.try_again}
      </button>
    </div>
  );
}
