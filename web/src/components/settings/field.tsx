import { type ReactNode, useId } from "react";
import { useChatState, useWords } from "../../hooks/use-chat";
import type { SettingName } from "../../protocol/setting-names";
import { refusalOf } from "../../state/state";
import { sayAll } from "../../text/words/words";

/** What a control needs to be tied to its label, its hint and what the server said of its value. */
interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

interface Props {
  name: SettingName;
  label: string;
  hint?: string;
  control: (props: ControlProps) => ReactNode;
}

/** A setting: its label, its control, and below it why the server did not take its value, else a hint. */
export function Field({ name, label, hint, control }: Props) {
  const id = useId();
  const words = useWords();
  const refusal = useChatState((state) => refusalOf(state, name));
  const note = refusal === null ? hint : sayAll(words, refusal);
  const noteId = `${id}-note`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {control({ id, "aria-describedby": note && noteId, "aria-invalid": refusal !== null })}
      {note && (
        <p id={noteId} className={refusal === null ? "text-muted-foreground" : "text-danger"}>
          {note}
        </p>
      )}
    </div>
  );
}
