import type { Citation, Code, CodeResult, FileFrame, Search, Source } from "./frames";

/** A frame of what comes beside the text of an answer, and is shown. */
export type PartFrame = Source | Citation | Search | Code | CodeResult | FileFrame;
