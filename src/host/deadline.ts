// One point in time by which everything must be over.

import { monotonicMs } from "./clock";

export class Deadline {
  readonly #end: number;

  constructor(
    timeoutMs: number,
    private readonly now: () => number = monotonicMs,
  ) {
    this.#end = now() + timeoutMs;
  }

  /** Milliseconds left, never negative. */
  remainingMs(): number {
    return Math.max(0, this.#end - this.now());
  }

  /** A fair part of the time left for one of `parts` attempts, whole, at most `limitMs`. */
  shareMs(parts: number, limitMs: number): number {
    return Math.min(limitMs, Math.ceil(this.remainingMs() / Math.max(1, parts)));
  }
}
