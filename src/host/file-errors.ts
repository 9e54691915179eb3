// What the file system refuses, in words that name the way out.

import { ModuleError, messageOf, systemCodeOf } from "../base/errors";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied, run the task with become: true",
  EPERM: "not permitted, run the task with become: true (is the file immutable?)",
  ENOENT: "its directory does not exist, create it first",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "a directory is in the way, move it aside",
  EEXIST: "something is in the way, move it aside",
  ENOTEMPTY: "a directory is in the way, move it aside",
  ENOSPC: "no space left on the device, free some space and run again",
  EDQUOT: "the disk quota is exhausted, free some space and run again",
  EROFS: "the file system is read-only",
  ETXTBSY: "the file is being executed",
  EBUSY:
    "it is a mount point (a file of the host, passed into a container?); unmount it, " +
    "or change it at its source",
  EXDEV: "it is on another file system, or is a mount point",
  EMLINK: "the file has as many hard links as its file system allows",
  ELOOP: "its symbolic links form a loop",
  ENAMETOOLONG: "the name is longer than the file system allows",
  EIO: "the disk reports an I/O error, see the kernel's log",
};

/** A file system error as a sentence that names the file, the action and the way out. */
export function translateFileError(path: string, action: string, error: unknown): ModuleError {
  if (error instanceof ModuleError) return error;
  const code = systemCodeOf(error) ?? "";
  const kind = code === "EACCES" || code === "EPERM" ? "permission" : "host";
  const reason = REASONS[code] ?? messageOf(error);
  return new ModuleError(kind, `cannot ${action} ${path}: ${reason}`, { cause: error });
}
