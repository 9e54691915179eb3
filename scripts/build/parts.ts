// Bundles a module into parts that are compiled when they are first needed (docs/adr/0003).

import { basename, join } from "node:path";

import { type BuildOptions, type Metafile, buildSync, transformSync } from "esbuild";

import { shortenUnicode } from "./shorten-unicode";

/** CommonJS code by the name under which the others require it, without `./` and `.js`. */
export type Parts = Readonly<Record<string, string>>;

/** What both steps do. docs/adr/0002: it is sent to every host by every task, so it is minified. */
const COMMON = {
  platform: "node",
  minify: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

/** What of other packages is for other systems, or for readers that there are none of. */
const STAND_INS = ["cross-spawn", "human-signals"];
const alias = Object.fromEntries(
  STAND_INS.map((name) => [name, join(__dirname, "stand-ins", `${name}.ts`)]),
);

/**
 * The parts of the module whose files are in `folder`. `main` begins, `verbs` is what `module.ts`
 * requires when options are accepted, each `import()` has one, and so has what several of them share.
 */
export function bundleParts(
  folder: string,
  root: string,
  target: string,
): { readonly parts: Parts; readonly metafile: Metafile } {
  const { metafile, outputFiles } = buildSync({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: [join(folder, "main.ts"), join(folder, "verbs.ts")],
    external: ["*/verbs"],
    alias,
    outdir: join(root, "library"),
    write: false,
    bundle: true,
    splitting: true,
    format: "esm", // esbuild splits nothing else
    target,
    metafile: true,
  });
  const parts = outputFiles.map(
    ({ path, text }) => [basename(path, ".js"), toCommonJs(text, target)] as const,
  );
  return { parts: Object.fromEntries(parts), metafile };
}

/** Code that is compiled from a text has no loader for import(), and require() starts faster. */
function toCommonJs(code: string, target: string): string {
  const supported = { "dynamic-import": false };
  return shortenUnicode(transformSync(code, { ...COMMON, format: "cjs", target, supported }).code);
}
