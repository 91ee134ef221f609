import { useWords } from "../../hooks/use-chat";

/** Stands where the messages end that the next question is not asked with any more. */
export function LeftOut() {
  const words = useWords();
  return (
    <p role="note" aria-label={words.left_out} className="left-out">
      {words.left_out_note}
    </p>
  );
}
