import { useCallback, useState } from "react";
import { useAttachments } from "../../hooks/use-attachments";
import { useChat, useChatState } from "../../hooks/use-chat";
import { useFileDrop } from "../../hooks/use-file-drop";
import { usePaste } from "../../hooks/use-paste";
import { toMessageBox } from "../../keyboard/message-box";
import type { Attachment } from "../../state/attachments";
import { draftOf } from "../../state/drafts";
import { shownPlace } from "../../state/state";
import { NO_FOLDERS } from "../../text/file-words";
import { AttachmentCard } from "./attachment-card";
import { PastedText } from "./pasted-text";

/** The files that are asked with the message, and what is said of them. */
export function AttachmentTray() {
  const { store } = useChat();
  const attachments = useAttachments();
  const at = useChatState(shownPlace);
  const { files, waits } = useChatState((state) => draftOf(state, at));
  const [pasted, setPasted] = useState<{ at: string; text: string } | null>(null);
  const add = useCallback((files: File[]) => attachments.add(files), [attachments]);
  const onLongText = useCallback((text: string) => setPasted({ at: shownPlace(store.state), text }), [store]);
  const onDrop = useCallback(
    (files: File[], hasFolder: boolean) => {
      attachments.add(files);
      if (hasFolder) store.dispatch({ type: "notice", notice: NO_FOLDERS });
      toMessageBox();
    },
    [attachments, store],
  );
  usePaste(add, onLongText);
  const isOver = useFileDrop(onDrop);
  return (
    <div className="tray">
      {isOver && (
        <div className="drop-area">
          <p>Drop files to add them to your message</p>
        </div>
      )}
      {pasted?.at === at && <PastedText text={pasted.text} onDone={() => setPasted(null)} />}
      {files.length > 0 && (
        <ul aria-label="Files of your message" className="attachments">
          {files.map((file) => (
            <AttachmentCard key={file.key} attachment={file} />
          ))}
        </ul>
      )}
      <p role="status" aria-label="Files" className={waits ? "px-4 pb-1 text-muted-foreground text-xs" : "sr-only"}>
        {waits ? "Your message is sent as soon as its files are." : sentenceOf(files)}
      </p>
    </div>
  );
}

/** What a screen reader tells of the files, once each time that it changes. */
function sentenceOf(files: readonly Attachment[]): string {
  const refused = files.filter(({ refusal }) => refusal !== null);
  const last = refused.at(-1);
  if (last) return `${last.name} was not added. ${last.refusal}`;
  const ready = files.filter(({ id }) => id !== null).length;
  if (files.length === 0) return "";
  return ready < files.length ? "Sending files" : `${ready === 1 ? "1 file is" : `${ready} files are`} added`;
}
