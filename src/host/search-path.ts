// Where a program is found, as execvp and Go's exec.LookPath look for it.

import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** What systemd gives a service that says nothing about it (systemd.exec(5), on a split /usr). */
export const SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The first executable file of this name in the directories of a PATH; undefined: there is none. */
export function findProgram(name: string, searchPath: string): string | undefined {
  const directories = searchPath.split(":").filter((directory) => directory !== "");
  return directories.map((directory) => join(directory, name)).find(isProgram);
}

/** True for a file that may be executed. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
