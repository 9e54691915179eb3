// Directories that are created on the way to a file, and taken back when nothing came of it.

import { chmod, mkdir, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

import { systemCodeOf } from "../../base/errors";
import { syncDirectory } from "../../host/atomic-file";
import { translateFileError } from "../../host/file-errors";

/** Creates directories, the outermost first, whatever the umask of the task; yields each once it is there. */
export async function* createDirectories(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    try {
      await mkdir(path);
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") continue; // another run was faster
      throw translateFileError(path, "create", error);
    }
    yield path;
    await complete(path);
  }
}

async function complete(path: string): Promise<void> {
  try {
    await chmod(path, 0o755);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw translateFileError(path, "create", error);
  }
}

/** Removes the directories that are empty, the innermost first; returns those that stay. */
export async function removeEmptyDirectories(paths: readonly string[]): Promise<readonly string[]> {
  const left = [...paths];
  while (left.length > 0 && (await tryRemove(left.at(-1) ?? ""))) left.pop();
  return left;
}

async function tryRemove(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    (error: unknown) => systemCodeOf(error) === "ENOENT",
  );
}
