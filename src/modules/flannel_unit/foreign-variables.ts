// Flags that reach the daemon from elsewhere than the declared settings: as variables of drop-ins, of
// further directives, and of environment files that either of them names.

const FLAG_VARIABLE = /\bFLANNELD_[A-Z0-9_]+/g;
const ENVIRONMENT_FILE = /^EnvironmentFile=-?(.+)$/gm;

/**
 * The flag variables named in the texts of units and drop-ins, and in the environment files that
 * these name. A restart would set them again, so a process that has them is no other than declared.
 */
export function findForeignVariables(
  texts: readonly string[],
  tryRead: (path: string) => string | undefined,
): ReadonlySet<string> {
  const paths = texts.flatMap((text) =>
    [...text.matchAll(ENVIRONMENT_FILE)].map(([, path]) => path),
  );
  const files = paths.map((path) => tryRead(path?.trim() ?? "") ?? "");
  return new Set([...texts, ...files].flatMap((text) => text.match(FLAG_VARIABLE) ?? []));
}
