import { useAttachments, useThumbnail } from "../../hooks/use-attachments";
import { toMessageBox } from "../../keyboard/message-box";
import type { Attachment } from "../../state/attachments";
import { sizeInWords } from "../../text/file-words";
import { IconButton } from "../ui/icon-button";
import { LATE_ICONS } from "../ui/late-icons";
import { Thumbnail } from "./thumbnail";

/** A file that stands in the message box: how much of it was sent, or why it was not taken. */
export function AttachmentCard({ attachment }: { attachment: Attachment }) {
  const attachments = useAttachments();
  const address = useThumbnail(attachment, 128);
  const { key, name, size, id, progress, refusal, mayPass } = attachment;
  const remove = () => {
    attachments.remove(key);
    toMessageBox(); // the button goes away, with the focus
  };
  return (
    <li className="attachment" data-refused={refusal !== null}>
      <Thumbnail address={address} />
      <div className="min-w-0 flex-1">
        <p dir="auto" className="truncate font-medium" title={name}>
          {name}
        </p>
        {refusal !== null ? (
          <p dir="auto" className="text-danger">
            {refusal}
          </p>
        ) : id === null ? (
          <progress aria-label={`Sending ${name}`} max={1} value={progress} className="attachment-progress" />
        ) : (
          <p className="text-muted-foreground">
            <bdi>{sizeInWords(size)}</bdi>
          </p>
        )}
      </div>
      {refusal !== null && mayPass && (
        <IconButton icon={LATE_ICONS.redo} label={`Try ${name} again`} onClick={() => attachments.retry(key)} />
      )}
      <IconButton icon={LATE_ICONS.close} label={`Remove ${name}`} onClick={remove} />
    </li>
  );
}
