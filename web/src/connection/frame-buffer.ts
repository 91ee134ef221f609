// Collects frames until the browser draws: a turn may send hundreds a second, and each would be drawn by itself. A tab in
// the background is not drawn, so its frames wait here until it is shown again, or until an answer ends: the page may
// then notify its reader.

import type { FrameDown } from "../protocol/frames";

const ENDS: ReadonlySet<string> = new Set(["usage", "error"] satisfies FrameDown["type"][]);

export class FrameBuffer {
  #frames: FrameDown[] = [];
  #request = 0;
  readonly #take: (frames: FrameDown[]) => void;

  constructor(take: (frames: FrameDown[]) => void) {
    this.#take = take;
  }

  add(frame: FrameDown): void {
    this.#frames.push(frame);
    if (document.hidden && ENDS.has(frame.type)) this.flush();
    else if (this.#frames.length === 1) this.#request = requestAnimationFrame(() => this.flush());
  }

  /** Hand over the frames collected so far. */
  flush(): void {
    cancelAnimationFrame(this.#request);
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#take(frames);
  }
}
