// What comes beside the text of an answer: sources and what rests on them, searches, code, files.

import type {
  ShownCitation,
  ShownCode,
  ShownCodeResult,
  ShownFile,
  ShownSearch,
  ShownSource,
} from "../protocol/frames";
import type { PartFrame } from "../protocol/part-frame";

/** Code that the model ran, and what came of it, if that is known. */
export interface CodeRun extends ShownCode {
  result: ShownCodeResult | null;
}

/** The parts of an answer by their kinds, and each once. */
export interface Parts {
  sources: readonly ShownSource[];
  citations: readonly ShownCitation[];
  searches: readonly ShownSearch[];
  runs: readonly CodeRun[];
  files: readonly ShownFile[];
  /** The names of files that could not be kept. */
  lost: readonly string[];
}

export function partsOf(frames: readonly PartFrame[]): Parts {
  const of = <T extends PartFrame["type"]>(type: T) =>
    frames.filter((frame): frame is Extract<PartFrame, { type: T }> => frame.type === type);
  const sources = new Map(of("source").map((source) => [source.index, source]));
  const results = new Map(of("code_result").map((result) => [result.call, result]));
  const files = of("file").flatMap(({ file: id, name, media_type: type, size }) =>
    id === null ? [] : [{ id, name, type, size }],
  );
  return {
    sources: [...sources.values()].sort((one, other) => one.index - other.index),
    citations: of("citation"),
    searches: of("search"),
    runs: of("code").map((code) => ({ ...code, result: results.get(code.call) ?? null })),
    files: [...new Map(files.map((file) => [file.id, file])).values()],
    lost: of("file").flatMap(({ file, name }) => (file === null ? [name] : [])),
  };
}
