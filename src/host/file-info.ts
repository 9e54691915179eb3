// Whose a file or directory is, and what may be done with it.

import { statSync } from "node:fs";

import { systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";

/** `mode` holds the permission bits only. */
export interface FileInfo {
  readonly isFile: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Looks at what is at a path, links followed; undefined when there is nothing. */
export function tryInspect(path: string): FileInfo | undefined {
  try {
    const info = statSync(path);
    return { isFile: info.isFile(), mode: info.mode & 0o7777, uid: info.uid, gid: info.gid };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) return undefined;
    throw translateFileError(path, "look at", error);
  }
}
