import remarkMath from "remark-math";
import type { Processor } from "unified";

/**
 * Reads two dollars on either side, within a line, as a formula. One that stands by itself is a fence by then (see
 * ../formulas.ts): two dollars that stand alone begin none, which would go on to the end of the text.
 */
export function remarkFormulas(this: Processor) {
  const read = remarkMath as (this: Processor, options: { singleDollarTextMath: boolean }) => void;
  read.call(this, { singleDollarTextMath: false });
  this.data().micromarkExtensions?.push({ disable: { null: ["mathFlow"] } });
}
