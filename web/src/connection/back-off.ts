// How long to wait before the next attempt: twice as long each time, and spread out, so that the pages of a server
// that restarts do not all come back at once.

export interface BackOff {
  firstMs: number;
  longestMs: number;
}

export const BACK_OFF: BackOff = { firstMs: 500, longestMs: 15_000 };

/** The delay before attempt `failures` + 1, in milliseconds; `chance` is from 0 to 1. */
export function delayAfter(failures: number, { firstMs, longestMs }: BackOff, chance: number): number {
  const longest = Math.min(longestMs, firstMs * 2 ** failures);
  return longest * (0.5 + chance / 2);
}
