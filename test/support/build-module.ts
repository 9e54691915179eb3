// Builds one module of src/modules into a directory of its own.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bundle, generate } from "../../scripts/build";
import { readModuleSource } from "../../scripts/build/documentation";

/** Returns the directory that holds `<name>.cjs` and `<name>.yml`. */
export function buildModule(name: string): string {
  const library = mkdtempSync(join(tmpdir(), `${name}-`));
  const source = readModuleSource(join(__dirname, "..", "..", "src", "modules", name));
  generate(source);
  bundle(source, library);
  return library;
}
