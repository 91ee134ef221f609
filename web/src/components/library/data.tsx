import { type ChangeEvent, useId, useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { say } from "../../text/words/words";

/** Brings chats in, takes all of them out, and deletes all. */
export function Data() {
  const chat = useChat();
  const words = useWords();
  const id = useId();
  const [status, setStatus] = useState("");
  const onFile = async ({ target }: ChangeEvent<HTMLInputElement>) => {
    const file = target.files?.[0];
    if (file === undefined) return;
    const onPart = (n: number, all: number) => setStatus(say(words, "import_part", { n, all }));
    setStatus((await chat.withLibrary((it) => it.import(file, onPart))) ?? "");
    target.value = "";
  };
  const deleteAll = () => {
    if (!window.confirm(words.delete_all_sure)) return;
    chat.store.dispatch({ type: "close", panel: "data" });
    void chat.withLibrary((it) => it.deleteAll());
  };
  return (
    <div className="panel-body">
      <h2>{words.library}</h2>
      <div className="field">
        <label htmlFor={id}>{words.import}</label>
        <input id={id} type="file" accept=".json,application/json" className="input" onChange={onFile} />
        <p className="text-muted-foreground">{words.import_note}</p>
        <p role="status" dir="auto">
          {status}
        </p>
      </div>
      <div className="field">
        <button
          type="button"
          className="button self-start"
          onClick={() => void chat.withLibrary((it) => it.exportAll())}
        >
          {words.export}
        </button>
        <p className="text-muted-foreground">{words.export_note}</p>
      </div>
      <button type="button" className="button self-start text-danger" onClick={deleteAll}>
        {words.delete_all}
      </button>
    </div>
  );
}
