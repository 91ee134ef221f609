import { useCallback } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { addressOf } from "../../state/addresses";
import { useLoaded } from "./use-loaded";

/** The archived chats: opened, brought back, or deleted. */
export function Archive() {
  const chat = useChat();
  const words = useWords();
  const [chats, again] = useLoaded(useCallback(() => chat.withLibrary((it) => it.archived()), [chat]));
  const open = (id: string) => {
    chat.store.dispatch({ type: "close", panel: "archive" });
    chat.conversations.showStored(id);
  };
  const bringBack = (id: string) => void chat.withLibrary((it) => it.bringBack(id)).then(again);
  const remove = (id: string) => void chat.withLibrary((it) => it.delete([id])).then(again);
  return (
    <div className="panel-body">
      <h2>{words.archived}</h2>
      <p className="text-muted-foreground">{words.archived_note}</p>
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
    </div>
  );
}
