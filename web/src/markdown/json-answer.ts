// An answer that is JSON, as one by a schema is, is shown as code.

const LONGEST_CHARS = 200_000;

/** The markdown that an answer is shown as. */
export function asShown(text: string, growing: boolean): string {
  if (growing || !/^\s*[{[]/.test(text) || text.length > LONGEST_CHARS || !isJson(text)) return text;
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}json\n${text.trim()}\n${fence}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
