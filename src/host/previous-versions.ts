// Earlier versions of a program that are kept beside it, so that it can be rolled back.
// `/usr/local/sbin/flanneld` of v0.16.1 is kept as `/usr/local/sbin/.flanneld.previous-v0.16.1`:
// hidden, so that no shell completes or runs it by accident.

import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { listNames } from "./directory";

export interface PreviousVersion {
  readonly path: string;
  /** As it stands in the file's name. */
  readonly version: string;
  /** Tells this very file from another one that has taken its place meanwhile. */
  readonly inode: number;
}

function prefixOf(program: string): string {
  return `.${basename(program)}.previous-`;
}

/** Where this version of the program is kept once another takes its place. */
export function previousPath(program: string, version: string): string {
  return join(dirname(program), `${prefixOf(program)}${version}`);
}

/**
 * The kept versions, the one replaced last first. Their change time tells the order: replacing a
 * program takes away a name of its file, and nothing is done to a kept file afterwards.
 */
export async function listPreviousVersions(program: string): Promise<readonly PreviousVersion[]> {
  const prefix = prefixOf(program);
  const directory = dirname(program);
  const names = listNames(directory).filter((name) => name.startsWith(prefix));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const info = await lstat(path).catch(() => undefined); // another run may have removed it
      return { path, version: name.slice(prefix.length), changed: info?.ctimeMs ?? 0, info };
    }),
  );
  return found
    .filter(({ info }) => info?.isFile() === true)
    .sort((a, b) => b.changed - a.changed || a.version.localeCompare(b.version, "en"))
    .map(({ path, version, info }) => ({ path, version, inode: info?.ino ?? 0 }));
}
