import { useEffect, useState } from "react";

/** Whether files are being dragged over the page; those that are dropped are given to `take`, anywhere. */
export function useFileDrop(take: (files: File[], hasFolder: boolean) => void): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const isMeant = (event: DragEvent) =>
      event.dataTransfer?.types.includes("Files") === true && document.querySelector("dialog[open]") === null;
    const onOver = (event: DragEvent) => {
      if (!isMeant(event)) return;
      event.preventDefault(); // else the browser opens the file
      setOver(true);
    };
    const onLeave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false); // it has left the window
    };
    const onDrop = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
      setOver(false);
      if (!isMeant(event) || event.dataTransfer === null) return;
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
      const files = [...event.dataTransfer.files].filter((_, index) => entries[index]?.isDirectory !== true);
      take(
        files,
        entries.some((entry) => entry?.isDirectory === true),
      );
    };
    const events = { dragenter: onOver, dragover: onOver, dragleave: onLeave, drop: onDrop };
    const entries = Object.entries(events) as [keyof typeof events, (event: DragEvent) => void][];
    for (const [name, listener] of entries) document.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of entries) document.removeEventListener(name, listener);
    };
  }, [take]);
  return isOver;
}
