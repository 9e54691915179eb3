// Finds long secrets in a text even where only a part of them is left, because a message was cut or
// quotes a piece: every run of some characters that also stands in a secret is hidden.

import { MASK } from "../base/secrets";

/** Says of most runs at once that they are in no secret; a power of two. */
const FILTER_BITS = 1 << 20;

/** More characters of secrets than these are not searched for: every text is hidden instead. */
const MAX_INDEXED = 1 << 20;

export class SecretFragments {
  readonly #fragments = new Set<string>();
  readonly #filter = new Uint8Array(FILTER_BITS / 8);
  #indexed = 0;

  /** `length`: how many characters in a row give a secret away. */
  constructor(private readonly length: number) {}

  /** Adds a secret of at least `length` characters. */
  add(secret: string): void {
    this.#indexed += secret.length;
    if (this.#indexed > MAX_INDEXED) return;
    for (let start = 0; start + this.length <= secret.length; start++) {
      const bit = this.#bitOf(secret, start);
      this.#filter[bit >> 3] = (this.#filter[bit >> 3] ?? 0) | (1 << (bit & 7));
      this.#fragments.add(secret.slice(start, start + this.length));
    }
  }

  /** The text with every run of fragments replaced by one mask. */
  hide(text: string): string {
    if (this.#indexed > MAX_INDEXED) return text.length < this.length ? text : MASK;
    if (this.#fragments.size === 0) return text;
    let shown = "";
    let end = -1; // where the present run of fragments ends
    for (let start = 0; start + this.length <= text.length; start++) {
      if (!this.#isFragment(text, start)) continue;
      if (start > end) shown += end < 0 ? text.slice(0, start) : MASK + text.slice(end, start);
      end = start + this.length;
    }
    return end < 0 ? text : shown + MASK + text.slice(end);
  }

  #isFragment(text: string, start: number): boolean {
    const bit = this.#bitOf(text, start);
    if (((this.#filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    return this.#fragments.has(text.slice(start, start + this.length));
  }

  #bitOf(text: string, start: number): number {
    const first = text.charCodeAt(start);
    const middle = text.charCodeAt(start + (this.length >> 1));
    const last = text.charCodeAt(start + this.length - 1);
    return (first * 0x9e3b + middle * 0x85eb + last * 0xc2b3) & (FILTER_BITS - 1);
  }
}
