// Collects frames until the browser draws: a turn may send hundreds a second, and each would be drawn by itself. A tab in
// the background is not drawn, so its frames wait here until somebody looks at it again.

import type { FrameDown } from "../protocol/frames";

export class FrameBuffer {
  #frames: FrameDown[] = [];
  #request = 0;
  readonly #take: (frames: FrameDown[]) => void;

  constructor(take: (frames: FrameDown[]) => void) {
    this.#take = take;
  }

  add(frame: FrameDown): void {
    this.#frames.push(frame);
    if (this.#frames.length > 1) return;
    this.#request = requestAnimationFrame(() => this.flush());
  }

  /** Hand over the frames collected so far. */
  flush(): void {
    cancelAnimationFrame(this.#request);
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#take(frames);
  }
}
