// Builds the contract probe (test/fixtures/contract_probe) into a directory of its own.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bundle, generate } from "../../scripts/build";
import { readModuleSource } from "../../scripts/build/documentation";

/** Returns the directory that holds contract_probe.cjs and contract_probe.yml. */
export function buildProbe(): string {
  const library = mkdtempSync(join(tmpdir(), "contract-probe-"));
  const source = readModuleSource(join(__dirname, "..", "fixtures", "contract_probe"));
  generate(source);
  bundle(source, library);
  return library;
}
