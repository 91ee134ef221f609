// What is said of files: their sizes, and why one was not taken.

import type { ErrorFrame } from "../protocol/frames";
import { wordsOf } from "./error-words";
import { UNREACHABLE } from "./problems";

const UNITS = ["bytes", "kB", "MB", "GB"] as const;
const KINDS = "Pictures, PDF, sound and text are.";

/** What a browser draws; none of these can run anything. */
const DRAWN = /^image\/(?:png|jpeg|webp|gif|heic|heif|avif|bmp)$/;

export function isPicture(type: string): boolean {
  return DRAWN.test(type);
}

/** A size for people, such as "20 MB"; as operating systems count, in steps of 1,024. */
export function sizeInWords(bytes: number): string {
  const unit = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** unit;
  const shown = amount >= 10 || Number.isInteger(amount) ? Math.round(amount) : Math.round(amount * 10) / 10;
  return unit === 0 && bytes === 1 ? "1 byte" : `${shown.toLocaleString("en-US")} ${UNITS[unit]}`;
}

export function tooLarge(size: number, most: number): string {
  return `It has ${sizeInWords(size)}: a file may have at most ${sizeInWords(most)}.`;
}

export function tooMany(most: number): string {
  return `A question takes at most ${most} files.`;
}

export const EMPTY_FILE = "It is empty.";
export const NO_FOLDERS = "A folder cannot be added: choose the files in it.";

/** Why a file of this size was not taken; `most` is the largest size that is, 0 where that is not known. */
export function refusalOf(error: ErrorFrame | null, size: number, most: number): string {
  if (error === null) return `It was not sent: ${UNREACHABLE[0]?.toLowerCase()}${UNREACHABLE.slice(1)}`;
  const { code, message } = error;
  const pixels = message.match(/has ([\d,]+ x [\d,]+) pixels; at most ([\d,]+)/);
  if (pixels) return `This picture has ${pixels[1]} pixels: at most ${pixels[2]} may be.`;
  switch (code) {
    case "message_too_large": {
      const told = Number(message.match(/at most ([\d,]+) bytes/)?.[1]?.replaceAll(",", "")) || most;
      return told ? tooLarge(size, told) : "It is too large.";
    }
    case "unsupported":
      return `Files of this type are not taken here. ${KINDS}`;
    case "invalid_file":
      return /empty/.test(message) ? EMPTY_FILE : "It is damaged, or it is not what its name says.";
    case "budget_exhausted": {
      const room = Number(message.match(/at most ([\d,]+) bytes/)?.[1]?.replaceAll(",", ""));
      return `There is no more room for your files${room ? `: all together may have ${sizeInWords(room)}` : ""}.`;
    }
    case "storage_full":
      return "There is no more room for files here.";
    case "store_unavailable":
      return "Files cannot be kept at the moment.";
    case "rate_limited":
      return "Too many files came from here: wait a moment.";
    default:
      return wordsOf(error).sentence;
  }
}
