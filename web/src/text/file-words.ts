// What is said of files: why one was not taken.

import type { ErrorFrame } from "../protocol/frames";
import { sizeIn } from "./amounts";
import { explanationOf } from "./error-words";
import { numberIn, say, sayAll, type Words } from "./words/words";

/** What a browser draws; none of these can run anything. */
const DRAWN = /^image\/(?:png|jpeg|webp|gif|heic|heif|avif|bmp)$/;

export function isPicture(type: string): boolean {
  return DRAWN.test(type);
}

export function tooLarge(words: Words, size: number, most: number): string {
  return say(words, "file_large", { size: sizeIn(words, size), most: sizeIn(words, most) });
}

/** Why a file of this size was not taken; `most` is the largest size that is, 0 where that is not known. */
export function refusalOf(words: Words, error: ErrorFrame | null, size: number, most: number): string {
  if (error === null) return words.file_not_sent;
  const { code, message } = error;
  const tooDetailed = pixels(words, message);
  if (tooDetailed !== null) return tooDetailed;
  switch (code) {
    case "message_too_large": {
      const limit = bytesIn(message) || most;
      return limit ? tooLarge(words, size, limit) : words.file_large_unknown;
    }
    case "unsupported":
      return words.file_type;
    case "invalid_file":
      return /empty/.test(message) ? words.file_empty : words.file_bad;
    case "budget_exhausted": {
      const room = bytesIn(message);
      return room ? say(words, "file_no_room_of", { size: sizeIn(words, room) }) : words.file_no_room;
    }
    case "storage_full":
      return words.file_storage;
    case "store_unavailable":
      return words.file_not_kept;
    case "rate_limited":
      return words.file_rate;
    default:
      return sayAll(words, explanationOf(error).sentence);
  }
}

function bytesIn(message: string): number {
  return amountOf(message.match(/at most ([\d,]+) bytes/)?.[1] ?? "0");
}

/** What is said of a picture with too many pixels. */
function pixels(words: Words, message: string): string | null {
  const [, width, height, most] = message.match(/has ([\d,]+) x ([\d,]+) pixels; at most ([\d,]+)/) ?? [];
  if (width === undefined || height === undefined || most === undefined) return null;
  const edges = [width, height].map((edge) => numberIn(words, amountOf(edge))).join(" × ");
  return say(words, "file_pixels", { pixels: edges, most: amountOf(most) });
}

function amountOf(digits: string): number {
  return Number(digits.replaceAll(",", ""));
}
