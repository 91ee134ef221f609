// Money and sizes, as their reader writes them.

import { numberIn, type Words } from "./words/words";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** An amount of dollars: the smaller, the finer. */
export function dollarsIn(words: Words, value: number): string {
  const digits = value === 0 || value >= 1 ? 2 : value < 0.01 ? 5 : 3;
  return numberIn(words, value, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A size for people, such as "20 MB"; as operating systems count, in steps of 1,024. */
export function sizeIn(words: Words, bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** step;
  return numberIn(words, amount, {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: amount >= 10 ? 0 : 1,
  });
}
