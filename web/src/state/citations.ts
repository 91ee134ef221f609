// Where an answer's text rests on its sources, as places in the text that JavaScript counts.

import type { ShownCitation, ShownSource } from "../protocol/frames";

/** A source as it is shown. */
export interface CitedSource {
  number: number;
  title: string;
  uri: string;
}

/** The end of a cited piece, in UTF-16 units of the text, and the sources that it rests on. */
export interface CitedPlace {
  at: number;
  sources: readonly CitedSource[];
}

/** What follows belongs to the character before it. */
const JOINED = /^(?:\p{M}|\u200d\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})+/u;

/** The sources with a title each: that of the page, else its host, else its address, else `nameless`. */
export function citedSources(sources: readonly ShownSource[], nameless: string): CitedSource[] {
  return sources.map(({ index, title, uri }) => ({
    number: index,
    title: title?.trim() || hostOf(uri ?? "") || uri || nameless,
    uri: uri ?? "",
  }));
}

/** The host of a page's address, without its www; empty where it is none of a page. */
export function hostOf(uri: string): string {
  try {
    const { protocol, hostname } = new URL(uri);
    return /^https?:$/.test(protocol) ? hostname.replace(/^www\./, "") : "";
  } catch {
    return "";
  }
}

/** The cited places of a text, each once, in their order. White space at the end of a piece comes after its position. */
export function citedPlaces(
  text: string,
  citations: readonly ShownCitation[],
  sources: readonly CitedSource[],
): CitedPlace[] {
  const places = new Map<number, Set<number>>();
  const ends = [...new Set(citations.map(({ end }) => end))].sort((one, other) => one - other);
  const unitsOf = unitsAt(text, ends);
  for (const { start, end, sources: indexes } of citations) {
    const at = placeOf(text, unitsOf.get(end) ?? 0);
    if (at === 0 || end <= start) continue;
    const named = places.get(at) ?? new Set();
    for (const index of indexes) named.add(index);
    places.set(at, named);
  }
  return [...places]
    .sort(([one], [other]) => one - other)
    .map(([at, named]) => ({ at, sources: sources.filter(({ number }) => named.has(number)) }))
    .filter((place) => place.sources.length > 0);
}

function placeOf(text: string, end: number): number {
  const at = text.slice(0, end).trimEnd().length;
  return at + (JOINED.exec(text.slice(at, at + 40))?.[0].length ?? 0);
}

/** The number of UTF-16 units before each of these numbers of code points, which are in order. */
function unitsAt(text: string, codePoints: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  let [units, points] = [0, 0];
  for (const wanted of codePoints) {
    while (points < wanted && units < text.length) {
      units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
      points += 1;
    }
    found.set(wanted, units);
  }
  return found;
}
