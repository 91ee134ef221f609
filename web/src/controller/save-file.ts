/** Hand a file to the reader, as a download. */
export function saveFile({ name, content }: { name: string; content: Blob }): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(content);
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(anchor.href);
}
