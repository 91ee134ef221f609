/** Stands where the messages end that the next question is not asked with any more. */
export function LeftOut() {
  return (
    <p role="note" aria-label="Left out" className="left-out">
      What is above is too long ago: the model is not told it any more.
    </p>
  );
}
