// Builds library/ from src/modules/: one runnable .cjs and one .yml for ansible-doc per module.
// `build.ts generate` stops after src/generated, which is all that tests and the type check need.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { stringify } from "yaml";

import { type ModuleSource, readModuleSource } from "./build/documentation";
import { LICENCE, renderModule } from "./build/envelope";
import { bundledPackages, renderLicences } from "./build/licences";
import { bundleParts } from "./build/parts";
import { VALIDATOR_TYPES, renderSpec, renderValidator } from "./build/generate";

const ROOT = join(__dirname, "..");
const GENERATED = join(ROOT, "src", "generated");
const OLDEST_NODE = [18, 19] as const;

/** Writes the option table, type and validator of a module into src/generated. */
export function generate(source: ModuleSource, generated = GENERATED): void {
  mkdirSync(generated, { recursive: true });
  const base = join(generated, source.name);
  writeFileSync(`${base}.ts`, renderSpec(source));
  writeFileSync(`${base}.validate.js`, renderValidator(source));
  writeFileSync(`${base}.validate.d.ts`, VALIDATOR_TYPES);
}

/**
 * Bundles `<folder>/main.ts` into `<library>/<name>.cjs`, with its documentation beside it. Returns
 * the folders of the third-party packages that are in it.
 */
export function bundle(source: ModuleSource, library: string): readonly string[] {
  const { parts, metafile } = bundleParts(source.folder, ROOT, `node${OLDEST_NODE.join(".")}`);
  const file = join(library, `${source.name}.cjs`);
  writeFileSync(file, renderModule(source.name, parts, OLDEST_NODE), { mode: 0o755 });
  const header = `# Generated from src/modules/${source.name}/${source.name}.yml; edit there.\n# ${LICENCE}\n---\n`;
  // Ansible reads YAML 1.1, in which a date without quotes is no text.
  const documentation = stringify(source.documentation, { schema: "yaml-1.1" });
  writeFileSync(join(library, `${source.name}.yml`), header + documentation);
  return bundledPackages(metafile);
}

function readSources(folder: string): readonly ModuleSource[] {
  const path = join(ROOT, folder);
  return readdirSync(path).map((name) => readModuleSource(join(path, name)));
}

function main(command: string | undefined): void {
  const sources = readSources("src/modules");
  rmSync(GENERATED, { recursive: true, force: true });
  // The tests' own modules are generated too, for the type check; they are not shipped.
  for (const source of [...sources, ...readSources("test/fixtures")]) generate(source);
  if (command === "generate") return;
  const library = join(ROOT, "library");
  rmSync(library, { recursive: true, force: true });
  mkdirSync(library);
  const packages = sources.flatMap((source) => bundle(source, library));
  writeFileSync(join(ROOT, "LICENSES-THIRD-PARTY.md"), renderLicences(packages, ROOT));
}

if (require.main === module) main(process.argv[2]);
