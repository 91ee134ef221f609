import { expect, test } from "vitest";
import { delayAfter } from "./back-off";

const BOUNDS = { firstMs: 500, longestMs: 15_000 };

test("the delay doubles with each failure, up to the longest", () => {
  const delays = [0, 1, 2, 5, 50].map((failures) => delayAfter(failures, BOUNDS, 1));
  expect(delays).toEqual([500, 1_000, 2_000, 15_000, 15_000]);
});

test("chance takes up to half of it away", () => {
  expect(delayAfter(3, BOUNDS, 0)).toBe(2_000);
  expect(delayAfter(3, BOUNDS, 0.5)).toBe(3_000);
});
