// Every sentence that a person reads stands in the files of the languages, and nowhere else.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";
import { expect, test } from "vitest";
import { EN } from "./en";

const SRC = fileURLToPath(new URL("../..", import.meta.url));
/** Attributes that are shown or read out. */
const READ = /^(?:aria-(?:label|description|roledescription|valuetext)|alt|label|legend|placeholder|title|hint)$/;
/** The names of things, which are the same in every language. */
const NAMES: ReadonlySet<string> = new Set(["Deltawire", "TSV", "CSV", "GEMINI_API_KEY"]);
/** Two words in a row, or one that ends a sentence. */
const SENTENCE = /[A-Za-z’']{2,} [a-z’']{2,}|^[A-Z].*[a-z]{2,}[.!?…]$/;
/** What is for whoever works on the page, and for the browser. */
const NOT_READ =
  /^(?:index\.html has|an answer is drawn within|useChat needs|not sent$|not all$|noopener |allow-popups|default-src|at once$|<)/;

interface Node {
  type: string;
  [field: string]: unknown;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (path) =>
    /\.tsx?$/.test(path) && !/\.test\.|text\/words\/..\.ts|protocol\/|testing\/|markdown\/languages|broken/.test(path),
);

/** The texts in a file that a person would read. */
function literalsIn(source: string, name: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown, attribute: string | null): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, attribute);
    const node = value as Node | null;
    if (typeof node?.type !== "string" || /^(?:Import|Export.*From|TS)/.test(node.type)) return;
    const own = node.type === "JSXAttribute" ? String((node.name as Node).name) : attribute;
    const text = textOf(node);
    if (text !== null && isRead(text, node.type, own)) found.push(text);
    for (const [field, below] of Object.entries(node)) if (field !== "name") visit(below, own);
  };
  visit(parseSync(name, source).program, null);
  return found;
}

function textOf(node: Node): string | null {
  if (node.type === "JSXText" || node.type === "Literal")
    return typeof node.value === "string" ? node.value.trim() : null;
  return node.type === "TemplateElement" ? ((node.value as { cooked: string }).cooked ?? "").trim() : null;
}

function isRead(text: string, type: string, attribute: string | null): boolean {
  if (!/\p{L}{2}/u.test(text) || NAMES.has(text) || text in EN) return false;
  if (type === "JSXText") return true;
  if (attribute !== null) return READ.test(attribute);
  return SENTENCE.test(text) && !NOT_READ.test(text);
}

test("no sentence is written into the page's code", () => {
  const found = files.flatMap((path) =>
    literalsIn(readFileSync(SRC + path, "utf8"), path).map((text) => `${path}: ${text}`),
  );
  expect(found).toEqual([]);
});

test.each([
  "const a = <p>Hello</p>;",
  'const a = <button aria-label="Close" />;',
  'const a = <button title={isOn ? "Off" : "On"} />;',
  "const a = <Field label={`Open this ` + name} />;",
  'notice("This did not work");',
])("a text is found in %s", (source) => {
  expect(literalsIn(source, "a.tsx").length).toBeGreaterThan(0);
});
