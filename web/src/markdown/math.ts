// What draws formulas, with its styles and fonts: loaded when an answer first holds one.

import rehypeKatex from "rehype-katex";
import type { MathPlugin } from "streamdown";
import { remarkFormulas } from "./plugins/formulas";
import "katex/dist/katex.min.css";

/** A formula may define macros, which may grow without end, and may ask for a box larger than the page. */
const BOUNDS = { maxExpand: 200, maxSize: 20 };

export const MATH: MathPlugin = {
  name: "katex",
  type: "math",
  remarkPlugin: remarkFormulas,
  rehypePlugin: [rehypeKatex, { ...BOUNDS, errorColor: "var(--color-muted-foreground)", strict: "ignore" }],
};
