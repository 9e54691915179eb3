// What a mutant is: a fault that somebody could make, and the tests that must notice it.

export interface Mutant {
  readonly file: string;
  /** What it would mean. */
  readonly fault: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  /** The title of the one test that counts, where all of them would take long. */
  readonly title: string | undefined;
}

export type Row = readonly [fault: string, find: string, replace: string, title?: string];

/** Faults of one file; without tests, those of the unit test that mirrors it count. */
export function mutantsOf(
  file: string,
  rows: readonly Row[],
  tests: readonly string[] = [mirrorOf(file)],
): readonly Mutant[] {
  return rows.map(([fault, find, replace, title]) => ({
    ...{ file, fault, find, replace },
    ...{ tests, title },
  }));
}

function mirrorOf(file: string): string {
  return file.replace(/^src\//, "test/unit/").replace(/\.ts$/, ".test.ts");
}
