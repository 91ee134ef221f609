import { useLayoutEffect, useRef, useState } from "react";
import { useAttachments, usePicture } from "../../hooks/use-attachments";
import { useWords } from "../../hooks/use-chat";
import type { ShownFile } from "../../protocol/frames";
import { sizeIn } from "../../text/amounts";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";
import { useClickBeside } from "../ui/use-click-beside";

/** A picture in its own size. Escape, its button and a click beside it close it. */
export function PictureDialog({ file, onClose }: { file: ShownFile; onClose: () => void }) {
  const attachments = useAttachments();
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const address = usePicture(file);
  const [isFaulty, setFaulty] = useState(false);
  const close = () => dialog.current?.close();
  const clickBeside = useClickBeside(dialog, close);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-label={file.name}
      className="picture-dialog"
      onClose={onClose}
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()} // which would stop the answer
      {...clickBeside}
    >
      <div className="flex items-center gap-2 px-3 py-2 text-sm">
        <p dir="auto" className="min-w-0 flex-1 truncate font-medium">
          {file.name}{" "}
          <span className="font-normal text-muted-foreground">
            <bdi>{sizeIn(words, file.size)}</bdi>
          </span>
        </p>
        <button type="button" className="button" onClick={() => attachments.save(file).catch(() => setFaulty(true))}>
          <Icon path={ICONS.download} /> {words.save}
        </button>
        <IconButton icon={ICONS.close} label={words.close} onClick={close} />
      </div>
      {address === "failed" || isFaulty ? (
        <p className="px-4 pb-4">{words.picture_gone}</p>
      ) : (
        address !== null && <img src={address} alt={file.name} className="mx-auto" onError={() => setFaulty(true)} />
      )}
    </dialog>
  );
}
