import { type ReactNode, useId } from "react";
import { useChatState } from "../../hooks/use-chat";
import type { SettingName } from "../../protocol/setting-names";
import { refusalOf } from "../../state/state";

/** What a control needs to be tied to its label, its hint and what the server said of its value. */
interface Tied {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

interface Props {
  name: SettingName;
  label: string;
  hint?: string;
  control: (tied: Tied) => ReactNode;
}

/** A setting: its label, its control, and below it why the server did not take its value, else a hint. */
export function Field({ name, label, hint, control }: Props) {
  const id = useId();
  const refusal = useChatState((state) => refusalOf(state, name));
  const note = refusal ?? hint;
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
