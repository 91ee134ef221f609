import { expect, test } from "vitest";
import golden from "../../../tests/golden/frames.json";
import type { ErrorFrame } from "../protocol/frames";
import { ENGLISH } from "../testing/english";
import { sizeIn } from "./amounts";
import { isPicture, refusalOf } from "./file-words";
import unfit from "./unfit-words.json";

const failure = golden.down["a failure in the middle"] as unknown as ErrorFrame;
const refused = (code: string, message = "") => refusalOf(ENGLISH, { ...failure, code, message }, 30 * 2 ** 20, 0);

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [1023, "1,023 bytes"],
  [1536, "1.5 kB"],
  [20 * 2 ** 20, "20 MB"],
  [2 ** 30, "1 GB"],
  [5 * 2 ** 40, "5,120 GB"],
])("%i bytes are %s", (bytes, words) => {
  expect(sizeIn(ENGLISH, bytes)).toBe(words);
});

test("the limit is the server's, where it names one", () => {
  const message = "A file may hold at most 20,971,520 bytes; see MAX_FILE_BYTES.";
  expect(refused("message_too_large", message)).toBe("It has 30 MB: a file may have at most 20 MB.");
  const room = "The files of one caller may hold at most 1,073,741,824 bytes; see MAX_FILES_BYTES_PER_CALLER.";
  expect(refused("budget_exhausted", room)).toBe("There is no more room for your files: all together may have 1 GB.");
  const pixels = "This picture has 65,000 x 65,000 pixels; at most 100,000,000 are accepted.";
  expect(refused("invalid_file", pixels)).toBe("This picture has 65,000 × 65,000 pixels: at most 100,000,000 may be.");
});

test.each([...golden.error_codes, "not_answered"])(
  "what is said of a file that is refused by %s is for people",
  (code) => {
    const sentence = refused(code, code === "not_answered" ? "502" : "A turn's frame, as GET /files says.");
    if (golden.error_codes.includes(code)) {
      expect(unfit.filter((word) => new RegExp(`\\b${word}\\b`, "i").test(sentence))).toEqual([]);
    }
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  },
);

test("only what a browser draws is shown as a picture", () => {
  expect(["image/png", "image/heic"].every(isPicture)).toBe(true);
  expect(["image/svg+xml", "text/html", "image/png;x", "application/pdf"].some(isPicture)).toBe(false);
});
