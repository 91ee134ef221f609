import { useEffect, useState } from "react";
import { type Attachments, attachmentsOf } from "../controller/attachments";
import type { ShownFile } from "../protocol/frames";
import type { Attachment } from "../state/attachments";
import { useChat } from "./use-chat";

export function useAttachments(): Attachments {
  return attachmentsOf(useChat());
}

/** The address of a file's thumbnail; null until it is made, and for a file without one. It is made when `wanted`. */
export function useThumbnail(file: Attachment | ShownFile, edge: number, wanted = true): string | null {
  const attachments = useAttachments();
  const [address, setAddress] = useState<string | null>(null);
  const name = "key" in file ? file.key : file.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the progress of the upload does not change the picture
  useEffect(() => {
    let stale = false;
    if (!wanted) return;
    void attachments.thumbnail(file, edge).then((made) => {
      if (!stale) setAddress(made);
    });
    return () => {
      stale = true;
    };
  }, [attachments, name, edge, wanted]);
  return address;
}

/** The address of a whole picture, as long as it is shown; `failed` when it cannot be loaded. */
export function usePicture(file: ShownFile): string | "failed" | null {
  const attachments = useAttachments();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let stale = false;
    const tell = (address: string) => !stale && setAddress(address);
    attachments.picture(file).then(tell, () => tell("failed"));
    return () => {
      stale = true;
    };
  }, [attachments, file]);
  return address;
}
