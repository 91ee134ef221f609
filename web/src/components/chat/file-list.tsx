import { useRef, useState } from "react";
import { useAttachments, useThumbnail } from "../../hooks/use-attachments";
import { useChat, useWords } from "../../hooks/use-chat";
import { useInView } from "../../hooks/use-in-view";
import type { ShownFile } from "../../protocol/frames";
import { sizeIn } from "../../text/amounts";
import { isPicture } from "../../text/file-words";
import { say } from "../../text/words/words";
import { PictureDialog } from "./picture-dialog";
import { Thumbnail } from "./thumbnail";

interface Props {
  files: readonly ShownFile[];
  label: string;
  /** Whether the model made them: such pictures are shown in their own size. */
  made?: boolean;
}

/** The files of a message: pictures, which open large, and others, which are saved. */
export function FileList({ files, label, made = false }: Props) {
  return (
    <ul aria-label={label} className={`files ${made ? "made-picture" : "justify-end"}`}>
      {files.map((file) => (
        <li key={file.id} className="max-w-full">
          {isPicture(file.type) ? <PictureButton file={file} edge={made ? 1024 : 512} /> : <FileButton file={file} />}
        </li>
      ))}
    </ul>
  );
}

function PictureButton({ file, edge }: { file: ShownFile; edge: number }) {
  const button = useRef<HTMLButtonElement>(null);
  const address = useThumbnail(file, edge, useInView(button));
  const [isOpen, setOpen] = useState(false);
  const words = useWords();
  const label = say(words, "open_file", { name: file.name });
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={address === null ? undefined : label}
        title={address === null ? label : file.name}
        className={address === null ? "file" : "file-picture"}
        onClick={() => setOpen(true)}
      >
        {address === null ? <FileWords file={file} /> : <img src={address} alt="" />}
      </button>
      {isOpen && <PictureDialog file={file} onClose={() => setOpen(false)} />}
    </>
  );
}

function FileButton({ file }: { file: ShownFile }) {
  const { store } = useChat();
  const words = useWords();
  const attachments = useAttachments();
  const save = () => attachments.save(file).catch(() => store.dispatch({ type: "notice", notice: words.file_gone }));
  return (
    <button type="button" className="file" title={say(words, "save_file", { name: file.name })} onClick={save}>
      <FileWords file={file} />
    </button>
  );
}

function FileWords({ file }: { file: ShownFile }) {
  const words = useWords();
  return (
    <>
      <Thumbnail address={null} />
      <span className="min-w-0">
        <span dir="auto" className="block truncate font-medium">
          {file.name}
        </span>
        <span className="block text-muted-foreground">
          <bdi>{sizeIn(words, file.size)}</bdi>
        </span>
      </span>
    </>
  );
}
