import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import type { Entry, Place } from "../../state/listing";
import { say } from "../../text/words/words";

/** What is done with several chats at once. */
export function SelectionBar({ selected, onEnd }: { selected: readonly Entry[]; onEnd: () => void }) {
  const chat = useChat();
  const words = useWords();
  const folders = useChatState((state) => state.folders);
  const isNone = selected.length === 0;
  const place = (place: Place) => {
    void chat.withLibrary((it) => it.place(selected, place));
    onEnd();
  };
  const remove = () => {
    if (!window.confirm(say(words, "delete_several_sure", { n: selected.length }))) return;
    void chat.withLibrary((it) => it.delete(selected.flatMap(({ stored }) => stored ?? [])));
    onEnd();
  };
  return (
    <div role="toolbar" aria-label={words.select} className="flex flex-wrap items-center gap-1.5">
      <p role="status" className="w-full px-1 text-muted-foreground text-xs">
        {say(words, "selected", { n: selected.length })}
      </p>
      {folders.length > 0 && (
        <select
          aria-label={words.move}
          className="input w-full py-1.5 text-sm"
          disabled={isNone}
          value=""
          onChange={({ target }) => place({ folder: target.value === "none" ? null : target.value })}
        >
          <option value="" disabled>
            {words.move}
          </option>
          {folders.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
          <option value="none">{words.no_folder}</option>
        </select>
      )}
      <button type="button" className="button" disabled={isNone} onClick={() => place({ archived: true })}>
        {words.archive}
      </button>
      <button type="button" className="button" disabled={isNone} onClick={remove}>
        {words.delete}
      </button>
      <button type="button" className="button" onClick={onEnd}>
        {words.cancel}
      </button>
    </div>
  );
}
