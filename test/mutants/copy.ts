// A copy of the working tree, in which faults can be planted.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { type Mutant } from "./mutant";

const REPOSITORY = join(__dirname, "..", "..");

/** Whatever git knows or would, and what is generated; packages are shared. Returns its path. */
export function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "mutants-"));
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const names = execFileSync("git", listed, { cwd: REPOSITORY, encoding: "utf8" }).split("\0");
  const shared = ["node_modules", ".venv"];
  const files = names.filter((name) => name !== "" && !shared.includes(name));
  for (const name of files.filter((each) => existsSync(join(REPOSITORY, each)))) {
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(REPOSITORY, name), join(copy, name));
  }
  cpSync(join(REPOSITORY, "src", "generated"), join(copy, "src", "generated"), { recursive: true });
  for (const name of shared) symlinkSync(join(REPOSITORY, name), join(copy, name));
  return copy;
}

export function removeTree(copy: string): void {
  rmSync(copy, { recursive: true, force: true });
}

/** Makes the fault in a copy; returns what takes it back, or undefined where the text is not there once. */
export function plant(
  copy: string,
  { file, find, replace }: Pick<Mutant, "file" | "find" | "replace">,
): (() => void) | undefined {
  const path = join(copy, file);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (text.split(find).length !== 2) return undefined;
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return () => {
    writeFileSync(path, text);
  };
}
