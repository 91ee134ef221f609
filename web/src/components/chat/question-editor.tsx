import { type KeyboardEvent, useState } from "react";
import { breaksOrSends } from "../../keyboard/keys";

interface Props {
  text: string;
  onSend: (text: string) => void;
  onCancel: () => void;
}

/** A question while it is changed. Sending it begins a branch beside the old one. */
export function QuestionEditor({ text, onSend, onCancel }: Props) {
  const [draft, setDraft] = useState(text);
  const isEmpty = draft.trim() === "";
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation(); // which would stop the answer
      onCancel();
    }
    if (breaksOrSends(event) !== "send") return;
    event.preventDefault();
    if (!isEmpty) onSend(draft);
  };
  return (
    <form
      className="rounded-2xl border border-input bg-card p-3"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(draft);
      }}
    >
      <textarea
        aria-label="Edit your question"
        dir="auto"
        className="field-sizing-content block max-h-[50dvh] w-full resize-none bg-transparent outline-none"
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to edit it
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="mt-3 flex justify-end gap-2">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={isEmpty}>
          Send
        </button>
      </div>
    </form>
  );
}
