// What draws formulas, with its styles and fonts: loaded when an answer first holds one.

import { createMathPlugin } from "@streamdown/math";
import "katex/dist/katex.min.css";

export const MATH = createMathPlugin();
