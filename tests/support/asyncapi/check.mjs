// Reads a list of AsyncAPI documents from standard input. Prints a list for each, as JSON: what is wrong with it, and its
// version when nothing is.

import { json } from "node:stream/consumers";
import { Parser } from "@asyncapi/parser";

const parser = new Parser();
const said = [];
for (const read of await json(process.stdin)) {
  const { document, diagnostics } = await parser.parse(JSON.stringify(read));
  const wrong = diagnostics.map(({ code, path, message }) => `${code} ${path.join(".")} ${message}`);
  said.push(document ? [...wrong, document.version()] : wrong);
}
console.log(JSON.stringify(said));
