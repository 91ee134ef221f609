import type { KeyboardEvent } from "react";
import { useChatState, useWords } from "../../hooks/use-chat";
import { breaksOrSends, isConverting } from "../../keyboard/keys";
import type { ShownFile } from "../../protocol/frames";
import { GrowingBox } from "../ui/growing-box";
import { FileList } from "./file-list";
import { Problem } from "./problem";

interface Props {
  question: string;
  /** They stay with it. */
  files: readonly ShownFile[];
  text: string;
  onWrite: (text: string) => void;
  onSend: (text: string) => void;
  onCancel: () => void;
}

/** A question while it is changed. Sending it begins a branch beside the old one. */
export function QuestionEditor({ question, files, text, onWrite, onSend, onCancel }: Props) {
  const returned = useChatState((state) => state.returned[question]);
  const words = useWords();
  const isEmpty = text.trim() === "";
  const send = () => {
    if (!isEmpty) onSend(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !isConverting(event.nativeEvent)) {
      event.stopPropagation(); // which would stop the answer
      onCancel();
    }
    if (breaksOrSends(event) !== "send") return;
    event.preventDefault();
    send();
  };
  return (
    <form
      data-message={question}
      className="flex flex-col gap-3 rounded-2xl border border-input bg-card p-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {files.length > 0 && <FileList files={files} label={words.files_of_question} />}
      <GrowingBox
        aria-label={words.edit_your_question}
        className="max-h-[50dvh]"
        autoFocus // the reader has just asked to edit it
        value={text}
        onChange={(event) => onWrite(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {returned && <Problem problem={returned.problem} onRetry={send} />}
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onCancel}>
          {words.cancel}
        </button>
        <button type="submit" className="button button-primary" disabled={isEmpty}>
          {words.send}
        </button>
      </div>
    </form>
  );
}
