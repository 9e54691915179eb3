// Files of the daemon that this play has replaced: whoever replaces them keeps the old ones in a
// directory beside them, by the same names, until the daemon runs with the new ones.

import { link, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { systemCodeOf } from "../../base/errors";
import { syncDirectory } from "../../host/atomic-file";
import { translateFileError } from "../../host/file-errors";
import { listNames } from "../../host/directory";
import { tryInspect } from "../../host/file-info";

/** A file that was replaced, and where it is kept. */
export interface PreviousFile {
  readonly path: string;
  readonly kept: string;
}

/**
 * Keeps the file that is about to be replaced, if there is one. What an earlier run has kept stays: a daemon
 * has run with it, and not with what that run has put in its place.
 */
export async function keepPrevious(path: string, directory: string | undefined): Promise<void> {
  if (directory === undefined || dirname(directory) !== dirname(path)) return;
  if (tryInspect(path)?.isFile !== true) return;
  const kept = join(directory, basename(path));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await link(path, kept);
    await syncDirectory(directory); // it counts only while the file that comes in its place is there
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw translateFileError(kept, "write", error);
  }
}

/** The files in a directory that stood in the one above it before they were replaced. */
export function observePreviousFiles(directory: string | undefined): readonly PreviousFile[] {
  if (directory === undefined) return [];
  const files = listNames(directory).filter(
    (name) => tryInspect(join(directory, name))?.isFile === true,
  );
  return files.map((name) => ({
    path: join(dirname(directory), name),
    kept: join(directory, name),
  }));
}
