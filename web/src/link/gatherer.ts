// Gathers frames until the browser draws: a turn may send hundreds a second, and each would be drawn by itself.

import type { FrameDown } from "../frames";

/** A tab in the background draws nothing, and its answers go on all the same. */
const LONGEST_WAIT_MS = 500;

export class FrameGatherer {
  #frames: FrameDown[] = [];
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #take: (frames: FrameDown[]) => void;

  constructor(take: (frames: FrameDown[]) => void) {
    this.#take = take;
  }

  add(frame: FrameDown): void {
    this.#frames.push(frame);
    if (this.#frames.length > 1) return;
    this.#request = requestAnimationFrame(() => this.flush());
    this.#timer = setTimeout(() => this.flush(), LONGEST_WAIT_MS);
  }

  /** Hand over what has been gathered. */
  flush(): void {
    cancelAnimationFrame(this.#request);
    clearTimeout(this.#timer);
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#take(frames);
  }
}
