// Whole-file changes that a crash cannot tear: new file in the same directory, fsync, rename.

import { constants, readFileSync, statSync } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { ModuleError, systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";
import { listAbandoned, stagedPath } from "./staging";

/** What a file is now. `mode` holds the permission bits only. */
export interface FileState {
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileAttributes {
  readonly mode: number;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Reads a file as UTF-8; undefined when there is none; ModuleError for all else, never a wait. */
export function tryReadFile(path: string): FileState | undefined {
  try {
    const info = statSync(path);
    if (info.isFIFO())
      throw new ModuleError("host", `${path}: a named pipe is in the way, move it aside`);
    const content = readFileSync(path, "utf8");
    return { content, mode: info.mode & 0o7777, uid: info.uid, gid: info.gid };
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" || systemCodeOf(error) === "ENOTDIR") return undefined;
    throw translateFileError(path, "read", error);
  }
}

/**
 * Puts `content` at `path`, whole or not at all, durable when it returns. Debris of an earlier
 * killed run is removed; what another run is about to put there is left to it.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  attributes: FileAttributes,
): Promise<void> {
  const staged = stagedPath(path);
  try {
    await removeAbandoned(path);
    const handle = await open(
      staged,
      constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY,
      0o600,
    );
    try {
      await handle.writeFile(content);
      await applyAttributes(handle, attributes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await clearAway(staged);
    throw translateFileError(path, "write", error);
  }
}

/** Removes a file and makes the removal durable; fine when there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path); // rm() tries it as a directory, too, and hides why a file could not be removed
    await syncDirectory(dirname(path));
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw translateFileError(path, "remove", error);
  }
}

/** Removes what is of no use any more, if it can be: what else there is to tell counts for more. */
export async function clearAway(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await unlink(path).catch(() => undefined);
}

/** Removes what killed runs left beside `path`. */
async function removeAbandoned(path: string): Promise<void> {
  await clearAway(...listAbandoned(dirname(path), [basename(path)]));
}

/** Writes all of `bytes` at a position of an open file, however many calls that takes. */
export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const left = bytes.length - done;
    done += (await handle.write(bytes, done, left, position + done)).bytesWritten;
  }
}

/** Makes a rename or removal in this directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Sets owner and mode of a file that was written by its path, and makes it durable. */
export async function finishFile(path: string, attributes: FileAttributes): Promise<void> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await applyAttributes(handle, attributes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateFileError(path, "set mode and owner of", error);
  }
}

/** Sets owner and mode of an open file. */
export async function applyAttributes(
  handle: FileHandle,
  attributes: FileAttributes,
): Promise<void> {
  // chown clears set-id bits, so it comes before chmod.
  if (attributes.uid !== undefined || attributes.gid !== undefined) {
    const now = await handle.stat();
    await handle.chown(attributes.uid ?? now.uid, attributes.gid ?? now.gid);
  }
  await handle.chmod(attributes.mode);
}
