// Link definitions and notes count in the whole of an answer, which is read in pieces: they are found here, and each
// piece is told of those that it names.

import type { Definition as DefinitionNode, FootnoteDefinition, Root } from "mdast";
import { normalizeIdentifier } from "micromark-util-normalize-identifier";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { visit } from "unist-util-visit";
import { isTooMuch } from "./budget";

/** A line that may define a link or a note, in a quote or a list as well. */
const DEFINES = /^[ \t>*+\-\d.)]*\[[^\]\n]+\]:/m;
const LABEL = /\[((?:[^[\]\\]|\\[\s\S]){1,999})\]/g;
const CODE = /^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1|(`+)(?!`)[^\n]*?[^`\n]\2(?!`)/gm;
/** So many characters of an answer are looked through for definitions; a text may be made of nothing else. */
const MOST_CHARS = 240_000;
const MOST_DEFINITIONS = 1_000;

export interface Definition {
  id: string;
  url: string;
  title: string | null;
}

interface Note {
  id: string;
  number: number;
  /** Its markdown. */
  text: string;
}

export interface References {
  definitions: ReadonlyMap<string, Definition>;
  /** In the order in which they are first named. */
  notes: readonly Note[];
}

/** What one piece of an answer defines, and the notes that it names; a note's number is not known yet. */
interface Found {
  definitions: readonly Definition[];
  notes: readonly Omit<Note, "number">[];
  named: readonly string[];
  /** So much of it was looked through. */
  chars: number;
}

interface Piece {
  text: string;
  plain: boolean;
}

const NOTHING: References = { definitions: new Map(), notes: [] };
const NONE: Found = { definitions: [], notes: [], named: [], chars: 0 };
const PARSER = unified().use(remarkParse).use(remarkGfm).freeze();

/** A function that finds the references of an answer's pieces, and looks through each piece once. */
export function createReferenceReader(): (pieces: readonly Piece[]) => References {
  const read = new WeakMap<Piece, Found>();
  let last = NOTHING;
  return (pieces) => {
    let chars = 0;
    const found = pieces.map((piece) => {
      const known = read.get(piece) ?? foundIn(piece);
      read.set(piece, known);
      chars += known.chars;
      return chars > MOST_CHARS ? { ...known, definitions: [], notes: [] } : known;
    });
    const now = collected(found);
    const isSame =
      JSON.stringify([...now.definitions, now.notes]) === JSON.stringify([...last.definitions, last.notes]);
    last = isSame ? last : now;
    return last;
  };
}

function collected(found: readonly Found[]): References {
  const definitions = new Map<string, Definition>();
  const notes = new Map<string, Omit<Note, "number">>();
  for (const piece of found) {
    for (const one of piece.definitions) if (!definitions.has(one.id)) definitions.set(one.id, one);
    for (const one of piece.notes) if (!notes.has(one.id)) notes.set(one.id, one);
  }
  if (definitions.size === 0 && notes.size === 0) return NOTHING;
  const named = new Set(found.flatMap((piece) => piece.named.flatMap((label) => notes.get(label) ?? [])));
  return { definitions, notes: [...named].map((note, index) => ({ ...note, number: index + 1 })) };
}

function foundIn({ text, plain }: Piece): Found {
  if (plain) return NONE;
  const named = text.includes("[^") ? namedIn(text) : [];
  if (!DEFINES.test(text) || isTooMuch(text)) return named.length === 0 ? NONE : { ...NONE, named };
  return { ...definedIn(text), named, chars: text.length };
}

/** The notes that a text names, outside code, in their order. */
function namedIn(text: string): string[] {
  const words = text.replace(CODE, "");
  return [...words.matchAll(LABEL)].flatMap(({ 0: whole, 1: label = "", index }) =>
    label.startsWith("^") && words[index + whole.length] !== ":" ? [normalizeIdentifier(label.slice(1))] : [],
  );
}

function definedIn(text: string): Pick<Found, "definitions" | "notes"> {
  const definitions: Definition[] = [];
  const notes: Omit<Note, "number">[] = [];
  visit(PARSER.parse(text) as Root, (node) => {
    if (definitions.length + notes.length >= MOST_DEFINITIONS) return;
    if (node.type === "definition") definitions.push(definition(node));
    else if (node.type === "footnoteDefinition") notes.push({ id: idOf(node), text: noteText(text, node) });
  });
  return { definitions, notes };
}

function definition(node: DefinitionNode): Definition {
  return { id: idOf(node), url: node.url, title: node.title ?? null };
}

function idOf(node: DefinitionNode | FootnoteDefinition): string {
  return normalizeIdentifier(node.label ?? node.identifier);
}

/** A note's own markdown: what follows its label, and its lines below without their indentation. */
function noteText(text: string, { position }: FootnoteDefinition): string {
  const source = text.slice(position?.start.offset, position?.end.offset);
  return source.replace(/^\[[^\]]*\]:[ \t]*/, "").replace(/\n(?:>[ \t]?)*(?: {4}|\t)/g, "\n");
}

/** The references that a text may name: few, so that it is not read again when another is found. */
export function namedBy(text: string, { definitions, notes }: References): References {
  if (definitions.size === 0 && notes.length === 0) return NOTHING;
  const labels = new Set<string>();
  for (const [, label = ""] of text.matchAll(LABEL)) labels.add(normalizeIdentifier(label));
  return {
    definitions: new Map([...definitions].filter(([id]) => labels.has(id))),
    notes: notes.filter(({ id }) => labels.has(normalizeIdentifier(`^${id}`))),
  };
}
