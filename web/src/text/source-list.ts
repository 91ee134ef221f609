// The sources of an answer, to be pasted after its text.

interface Source {
  number: number;
  title: string;
  uri: string;
}

const OPENABLE = /^https?:\/\//i;

/** A text with its numbered sources at the end, below a heading, as markdown. */
export function withSources(text: string, sources: readonly Source[], heading: string): string {
  if (sources.length === 0) return text;
  const lines = sources.map(({ number, title, uri }) => `${number}. ${linked(oneLine(title), uri)}`);
  return `${text.trimEnd()}\n\n${heading}:\n\n${lines.join("\n")}\n`;
}

function linked(title: string, uri: string): string {
  const words = title.replace(/[\\`*_[\]<>]/g, "\\$&");
  return OPENABLE.test(uri)
    ? `[${words}](${uri.replace(/[\s()<>\\]/g, encodeURIComponent).replace(/[()]/g, (it) => (it === "(" ? "%28" : "%29"))})`
    : words;
}

function oneLine(title: string): string {
  return title.replace(/\s+/g, " ").trim();
}
