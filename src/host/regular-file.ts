// Opens files that are files: whoever reads a FIFO, a device or a socket by mistake waits for ever.

import { type Stats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import { ModuleError, systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";

/** Opens a regular file for reading. Throws ModuleError, also for anything else in its place. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (systemCodeOf(error) !== "ENOENT") throw translateFileError(path, "read", error);
      const message = `cannot read ${path}: there is no such file`;
      throw new ModuleError("not_found", message, { cause: error });
    },
  );
  const info = await handle.stat();
  if (info.isFile()) return handle;
  await handle.close();
  throw new ModuleError("host", `cannot read ${path}: it is ${kindOf(info)}, expected a file`);
}

function kindOf(info: Stats): string {
  if (info.isDirectory()) return "a directory";
  if (info.isFIFO()) return "a named pipe";
  return info.isSocket() ? "a socket" : "a device";
}
