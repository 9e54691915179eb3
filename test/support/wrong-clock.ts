// Programs for which it is another time than it is, by libfaketime (package faketime): the time of day alone, not the
// monotonic clock, as when somebody sets the clock of a host.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIBRARY = String.raw`/usr/$LIB/faketime/libfaketime.so.1`; // the loader fills in $LIB

/** The clock of some programs; right until it is set. */
export class WrongClock {
  readonly #folder = mkdtempSync(join(tmpdir(), "clock-test-"));
  readonly #file = join(this.#folder, "offset");

  constructor(offsetSeconds = 0) {
    this.set(offsetSeconds);
  }

  /** With these variables a program goes by this clock. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets the clock so many seconds on, or back, against the right time. */
  set(offsetSeconds: number): void {
    const sign = offsetSeconds < 0 ? "" : "+";
    writeFileSync(`${this.#file}.new`, `${sign}${offsetSeconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
