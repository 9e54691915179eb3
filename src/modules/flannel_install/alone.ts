// One run at a time changes the files of a directory, so that those that belong together stay together.
// Where no lock can be had (a directory that is read-only, a file system without links), each step
// is whole by itself all the same, and tells better what is in its way.

import { lstat, stat } from "node:fs/promises";

import { StaleObservationError } from "../../base/errors";
import { acquireLock } from "../../host/lock";
import { type InstallPaths } from "./declare";

/** Does this while no other run of this module changes anything in the directory. */
export async function alone<T>({ lock: path }: InstallPaths, action: () => Promise<T>): Promise<T> {
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  const lock = await acquireLock(path, { sleep }).catch(() => undefined);
  try {
    return await action();
  } finally {
    lock?.release();
  }
}

/** What was observed at a path: a file by its inode, or nothing. */
interface Sight {
  readonly path: string;
  readonly inode: number | undefined;
  /** The link itself was meant, not the file that it leads to. */
  readonly isItself?: boolean;
}

/** Throws StaleObservationError when something else is there by now. */
export async function refuseStale({ path, inode, isItself = false }: Sight): Promise<void> {
  const look = isItself ? lstat : stat;
  const now = await look(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
  if (now === inode) return;
  throw new StaleObservationError("conflict", `${path}: another run is replacing it, too`);
}
