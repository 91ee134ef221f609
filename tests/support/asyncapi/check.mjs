// Reads an AsyncAPI document from standard input; prints what is wrong with it, and its version when nothing is.

import { text } from "node:stream/consumers";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await text(process.stdin));
for (const { code, path, message } of diagnostics) console.log(code, path.join("."), message);
if (document) console.log(document.version());
