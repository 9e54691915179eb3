// The defects that were found, and the test of each that fails without its mend: docs/defects.yml.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

const FILE = join(__dirname, "..", "..", "docs", "defects.yml");

/** Who or what found it; the first word of the page's column. */
export type Finder = keyof typeof FINDERS;

export const FINDERS = {
  comparison: "flannel's own code, asked the same questions",
  judge: "linters, importers and browsers of others",
  kill: "SIGKILL and cuts at every step, and traces of system calls",
  lab: "plays on real hosts",
  mutant: "a fault that no test noticed",
  property: "generated tasks and values",
  race: "many at once",
  review: "reading, and trying by hand with bad intent",
} as const;

export interface Defect {
  readonly what: string;
  readonly found: Finder;
  /** File of the test. */
  readonly test: string;
  /** Words of its title. */
  readonly title: string;
}

export interface Release {
  /** As the heading in CHANGELOG.md. */
  readonly release: string;
  readonly defects: readonly Defect[];
}

export function readDefects(): readonly Release[] {
  return parse(readFileSync(FILE, "utf8")) as readonly Release[];
}

/** The command that runs the one test. */
export function commandOf({ test, title }: Defect): string {
  return `npx mocha ${test} --fgrep ${quote(title)}`;
}

function quote(words: string): string {
  return `'${words.replaceAll("'", String.raw`'\''`)}'`;
}
