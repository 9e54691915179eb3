// Which third-party packages are in the bundles, and under which licences: their authors want to be
// named wherever their code goes.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { type Metafile } from "esbuild";

/** Licences whose code may be part of a work under the GPL 3. */
const COMPATIBLE = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"]);

const PREAMBLE = `# Licences of the third-party packages in library/

Made by \`make build\`: these packages are part of one or more of the modules in \`library/\`. Nothing else of
third parties is shipped.
`;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** The folders, from the root, of the packages that have at least one byte in the bundle. */
export function bundledPackages(metafile: Metafile): readonly string[] {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}

/** The text of LICENSES-THIRD-PARTY.md. Throws when a package may not be shipped, or was not meant to be. */
export function renderLicences(folders: readonly string[], root: string): string {
  const sections = [...new Set(folders)].sort().map((folder) => renderLicence(folder, root));
  return [PREAMBLE, ...sections].join("\n");
}

function renderLicence(folder: string, root: string): string {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(
    readFileSync(join(path, "package.json"), "utf8"),
  ) as Manifest;
  if (!COMPATIBLE.has(license)) {
    throw new Error(`${name} ${version}: licence ${license}: not known to be compatible`);
  }
  if (isForDevelopment(folder, root)) {
    throw new Error(
      `${name} ${version}: is bundled, so it belongs into the dependencies of package.json, which are audited`,
    );
  }
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version}: has no licence file to ship`);
  const text = readFileSync(join(path, file), "utf8").trim();
  return `## ${name} ${version}: ${license}\n\n\`\`\`text\n${text}\n\`\`\`\n`;
}

/** Whether npm would leave the package out of a production install, and so out of an audit of one. */
function isForDevelopment(folder: string, root: string): boolean {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return lock.packages[folder]?.dev !== undefined;
}
