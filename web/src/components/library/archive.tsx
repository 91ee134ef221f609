import { useCallback, useState } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { useLoaded } from "../../hooks/use-loaded";
import { addressOf } from "../../state/addresses";
import { say } from "../../text/words/words";
import { LoadTrouble } from "./load-trouble";

/** The archived chats: opened, brought back, or deleted. */
export function Archive() {
  const chat = useChat();
  const words = useWords();
  const [pages, setPages] = useState(1);
  const load = useCallback(() => chat.withLibrary((it) => it.archived(pages)), [chat, pages]);
  const [{ value, trouble }, again] = useLoaded(load);
  const chats = value?.conversations;
  const open = (id: string) => {
    chat.store.dispatch({ type: "close", panel: "archive" });
    chat.conversations.showStored(id);
  };
  const bringBack = (id: string) => void chat.withLibrary((it) => it.bringBack(id)).then(again);
  const remove = (id: string) => {
    if (!window.confirm(say(words, "delete_several_sure", { n: 1 }))) return;
    void chat.withLibrary((it) => it.delete([id])).then(again);
  };
  return (
    <div className="panel-body">
      <h2>{words.archived}</h2>
      <p className="text-muted-foreground">{words.archived_note}</p>
      <LoadTrouble why={trouble} onAgain={again} />
      {chats?.length === 0 && <p role="status">{words.no_archived}</p>}
      <ul className="rows">
        {chats?.map(({ id, title }) => (
          <li key={id}>
            <a
              dir="auto"
              className="min-w-0 flex-1 truncate"
              href={addressOf(id)}
              onClick={(event) => {
                event.preventDefault();
                open(id);
              }}
            >
              {title || words.new_chat}
            </a>
            <button type="button" className="button" onClick={() => bringBack(id)}>
              {words.bring_back}
            </button>
            <button type="button" className="button" onClick={() => remove(id)}>
              {words.delete}
            </button>
          </li>
        ))}
      </ul>
      {value?.next && (
        <button type="button" className="button self-start" onClick={() => setPages(pages + 1)}>
          {words.more}
        </button>
      )}
    </div>
  );
}
