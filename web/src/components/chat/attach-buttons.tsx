import { type ChangeEvent, useRef } from "react";
import { useAttachments } from "../../hooks/use-attachments";
import { useChatState, useWords } from "../../hooks/use-chat";
import { opensKeyboard } from "../../keyboard/keys";
import { toMessageBox } from "../../keyboard/message-box";
import { IconButton } from "../ui/icon-button";
import { ICONS } from "../ui/icons";

/** Add files to the message; where fingers are used, also with the camera. */
export function AttachButtons() {
  const files = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const attachments = useAttachments();
  const words = useWords();
  const areTaken = useChatState((state) => state.fileBytes > 0);
  const onChange = ({ target }: ChangeEvent<HTMLInputElement>) => {
    attachments.add([...(target.files ?? [])]);
    target.value = ""; // so that the same file can be chosen again
    if (!opensKeyboard()) toMessageBox();
  };
  if (!areTaken) return null;
  return (
    <span className="attach-buttons">
      <input ref={files} type="file" multiple hidden aria-label={words.files} onChange={onChange} />
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={words.camera}
        onChange={onChange}
      />
      <IconButton icon={ICONS.attach} label={words.add_files} onClick={() => files.current?.click()} />
      <IconButton
        icon={ICONS.camera}
        label={words.take_photo}
        className="not-pointer-coarse:hidden"
        onClick={() => camera.current?.click()}
      />
    </span>
  );
}
