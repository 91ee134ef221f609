import { type FormEvent, type KeyboardEvent, useState } from "react";
import { useWords } from "../../hooks/use-chat";
import { isConverting } from "../../keyboard/keys";

interface Props {
  label: string;
  name?: string;
  onSave: (name: string) => void;
  onCancel: () => void;
}

/** Asks for a name in one line; Escape leaves it. */
export function NameForm({ label, name = "", onSave, onCancel }: Props) {
  const words = useWords();
  const [written, setWritten] = useState(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (written.trim() !== "") onSave(written.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || isConverting(event.nativeEvent)) return;
    event.preventDefault();
    event.stopPropagation(); // which would stop the answer
    onCancel();
  };
  return (
    <form className="mb-1 flex gap-1.5" onSubmit={submit}>
      <input
        aria-label={label}
        placeholder={label}
        dir="auto"
        className="input py-1.5 text-sm"
        maxLength={100}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked for it
        autoFocus
        value={written}
        onChange={({ target }) => setWritten(target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="button">
        {words.save}
      </button>
    </form>
  );
}
