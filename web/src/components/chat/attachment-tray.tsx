import { useCallback, useState } from "react";
import { useAttachments } from "../../hooks/use-attachments";
import { useChat, useChatState, useWords } from "../../hooks/use-chat";
import { useFileDrop } from "../../hooks/use-file-drop";
import { usePaste } from "../../hooks/use-paste";
import { toMessageBox } from "../../keyboard/message-box";
import type { Attachment } from "../../state/attachments";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";
import { say, type Words } from "../../text/words/words";
import { AttachmentCard } from "./attachment-card";
import { PastedText } from "./pasted-text";

/** The files that are asked with the message, and what is said of them. */
export function AttachmentTray() {
  const { store } = useChat();
  const words = useWords();
  const attachments = useAttachments();
  const at = useChatState(shownPlace);
  const { files, waits } = useChatState((state) => draftOf(state, at));
  const [pasted, setPasted] = useState<{ at: string; text: string } | null>(null);
  const add = useCallback((files: File[]) => attachments.add(files), [attachments]);
  const onLongText = useCallback((text: string) => setPasted({ at: shownPlace(store.state), text }), [store]);
  const onDrop = useCallback(
    (files: File[], hasFolder: boolean) => {
      attachments.add(files);
      if (hasFolder) store.dispatch({ type: "notice", notice: words.file_folder });
      toMessageBox();
    },
    [attachments, store, words],
  );
  usePaste(add, onLongText);
  const isOver = useFileDrop(onDrop);
  return (
    <div className="tray">
      {isOver && (
        <div className="drop-area">
          <p>{words.drop_files}</p>
        </div>
      )}
      {pasted?.at === at && <PastedText text={pasted.text} onDone={() => setPasted(null)} />}
      {files.length > 0 && (
        <ul aria-label={words.files_of_message} className="attachments">
          {files.map((file) => (
            <AttachmentCard key={file.key} attachment={file} />
          ))}
        </ul>
      )}
      <p
        role="status"
        aria-label={words.files}
        className={waits ? "px-4 pb-1 text-muted-foreground text-xs" : "sr-only"}
      >
        {waits ? words.waits_for_files : sentenceOf(words, files)}
      </p>
    </div>
  );
}

/** What a screen reader tells of the files, once each time that it changes. */
function sentenceOf(words: Words, files: readonly Attachment[]): string {
  const refused = files.filter(({ refusal }) => refusal !== null);
  const last = refused.at(-1);
  if (last) return say(words, "file_not_added", { name: last.name, why: last.refusal ?? "" });
  const ready = files.filter(({ id }) => id !== null).length;
  if (files.length === 0) return "";
  return ready < files.length ? words.files_sending : say(words, "files_added", { n: ready });
}
