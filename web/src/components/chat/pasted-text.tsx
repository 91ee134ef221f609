import { useAttachments } from "../../hooks/use-attachments";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { toMessageBox } from "../../keyboard/message-box";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";
import { say } from "../../text/words/words";

/** Offers to make a file of a long text that was pasted, as long as it stands in the message box. */
export function PastedText({ text, onDone }: { text: string; onDone: () => void }) {
  const { store } = useChat();
  const words = useWords();
  const attachments = useAttachments();
  const isThere = useChatState((state) => draftOf(state, shownPlace(state)).text.includes(text));
  const makeFile = () => {
    const chat = shownPlace(store.state);
    const draft = draftOf(store.state, chat);
    const taken = draft.files.filter(({ name }) => name.startsWith("pasted-text")).length;
    const name = taken === 0 ? "pasted-text.txt" : `pasted-text-${taken + 1}.txt`;
    store.dispatch({ type: "write", chat, text: draft.text.replace(text, () => "") });
    attachments.add([new File([text], name, { type: "text/plain" })]);
    onDone();
    toMessageBox();
  };
  const keep = () => {
    onDone();
    toMessageBox();
  };
  if (!isThere) return null;
  return (
    <section aria-label={words.pasted} className="pasted-text">
      <p className="min-w-0 flex-1 basis-48">{say(words, "pasted_note", { n: text.length })}</p>
      <button type="button" className="button" onClick={makeFile}>
        {words.make_file}
      </button>
      <button type="button" className="button" onClick={keep}>
        {words.pasted_keep}
      </button>
    </section>
  );
}
