import type { Message as Stored } from "../protocol/frames";
import type { PartFrame } from "../protocol/part-frame";

/** The parts of a stored answer, as the frames that would have told them. */
export function partsIn({ id, sources, citations, searches, code, code_results, files }: Stored): PartFrame[] {
  return [
    ...(sources ?? []).map((it) => ({ type: "source" as const, id, ...it })),
    ...(citations ?? []).map((it) => ({ type: "citation" as const, id, ...it })),
    ...(searches ?? []).map((it) => ({ type: "search" as const, id, ...it })),
    ...(code ?? []).map((it) => ({ type: "code" as const, id, ...it })),
    ...(code_results ?? []).map((it) => ({ type: "code_result" as const, id, ...it })),
    ...(files ?? []).map(({ id: file, name, type, size }) => ({
      ...{ type: "file" as const, id, file, name, media_type: type, size },
    })),
  ];
}
