// Notices that a connection has died without a word: nothing comes any more, and nothing closes. A browser shows a page no
// pings, so the page asks for something that the server answers at once.

export interface CheckTiming {
  /** Nothing was heard for so long. */
  silenceMs: number;
  /** Nothing was heard for so long after something was sent. */
  sentMs: number;
  /** The longest wait for what is asked. */
  answerMs: number;
  /** A connection that was used for nothing for so long is not asked any more, so that the server may close it. */
  unusedMs: number;
}

export const CHECK_TIMING: CheckTiming = { silenceMs: 40_000, sentMs: 5_000, answerMs: 8_000, unusedMs: 300_000 };

/** The connection that is checked. */
export interface Link {
  /** Ask for an answer. */
  ask(): void;
  /** How much of what was sent is still here, in bytes. */
  unsent(): number;
  /** Whether something is expected to come. */
  isAwaiting(): boolean;
  /** There was no answer. */
  onDead(): void;
}

export class LinkCheck {
  readonly #link: Link;
  readonly #timing: CheckTiming;
  #receivedAt = 0;
  #usedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link, timing: CheckTiming) {
    this.#link = link;
    this.#timing = timing;
  }

  /** The connection is open. */
  start(): void {
    this.received();
    this.#used(this.#timing.silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /** Something has come: the connection lives. */
  received(): void {
    this.#receivedAt = performance.now();
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /** Something was sent. */
  sent(): void {
    this.#used(this.#timing.sentMs);
  }

  /** Ask now, unless that is done already. */
  askNow(): void {
    if (this.#deadline !== undefined) return;
    this.#link.ask();
    this.#await(this.#link.unsent());
    this.#schedule(this.#timing.silenceMs);
  }

  #used(ms: number): void {
    this.#usedAt = performance.now();
    this.#schedule(ms);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onDue(), ms);
  }

  #onDue(): void {
    const { silenceMs, unusedMs } = this.#timing;
    const now = performance.now();
    const isUsed = this.#link.isAwaiting() || now - this.#usedAt < unusedMs;
    if (!isUsed) return;
    const silentFor = now - this.#receivedAt;
    if (silentFor >= silenceMs || this.#receivedAt < this.#usedAt) this.askNow();
    else this.#schedule(silenceMs - silentFor);
  }

  /** Wait for an answer, and go on waiting while what was sent is still leaving. */
  #await(unsent: number): void {
    this.#deadline = setTimeout(() => {
      const left = this.#link.unsent();
      if (left > 0 && left < unsent) this.#await(left);
      else this.#link.onDead();
    }, this.#timing.answerMs);
  }
}
