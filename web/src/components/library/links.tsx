import { useCallback } from "react";
import { useChat, useWords } from "../../hooks/use-chat";
import { useLoaded } from "../../hooks/use-loaded";
import { addressOf } from "../../state/addresses";
import { say, type Words } from "../../text/words/words";
import { LoadTrouble } from "./load-trouble";

/** The links that lead to the reader's chats, and a way to take each back. */
export function Links() {
  const chat = useChat();
  const words = useWords();
  const load = useCallback(() => chat.withLibrary((it) => it.api.links()), [chat]);
  const [{ value: links, trouble }, again] = useLoaded(load);
  const takeBack = (id: string) => void chat.withLibrary((it) => it.change((api) => api.takeBack(id))).then(again);
  return (
    <div className="panel-body">
      <h2>{words.links}</h2>
      <LoadTrouble why={trouble} onAgain={again} />
      {links?.length === 0 && <p role="status">{words.no_links}</p>}
      <ul className="rows">
        {links?.map(({ id, title, conversation, expires, public: isPublic }) => (
          <li key={id}>
            <span className="min-w-0 flex-1">
              <a dir="auto" className="block truncate" href={addressOf(conversation)}>
                {title || words.new_chat}
              </a>
              <span className="text-muted-foreground text-xs">
                {say(words, "ends", { day: dayOf(words, expires) })} · {isPublic ? words.everybody : words.people_here}
              </span>
            </span>
            <button type="button" className="button" onClick={() => takeBack(id)}>
              {words.take_back}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function dayOf({ locale }: Words, seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString(locale, { dateStyle: "medium" });
}
