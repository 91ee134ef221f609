import { useAttachments, useThumbnail } from "../../hooks/use-attachments";
import { useWords } from "../../hooks/use-chat";
import { toMessageBox } from "../../keyboard/message-box";
import type { Attachment } from "../../state/attachments";
import { sizeIn } from "../../text/amounts";
import { say } from "../../text/words/words";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { Thumbnail } from "./thumbnail";

/** A file that stands in the message box: how much of it was sent, or why it was not taken. */
export function AttachmentCard({ attachment }: { attachment: Attachment }) {
  const attachments = useAttachments();
  const words = useWords();
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
          <progress
            aria-label={say(words, "sending_file", { name })}
            max={1}
            value={progress}
            className="attachment-progress"
          />
        ) : (
          <p className="text-muted-foreground">
            <bdi>{sizeIn(words, size)}</bdi>
          </p>
        )}
      </div>
      {refusal !== null && mayPass && (
        <IconButton
          icon={ICONS.redo}
          label={say(words, "try_file_again", { name })}
          onClick={() => attachments.retry(key)}
        />
      )}
      <IconButton icon={ICONS.close} label={say(words, "remove_file", { name })} onClick={remove} />
    </li>
  );
}
