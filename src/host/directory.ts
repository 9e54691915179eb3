// What is in a directory.

import { readdirSync } from "node:fs";

import { systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";

/** The names in a directory; none when there is no such directory, ModuleError for all else. */
export function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw translateFileError(directory, "use", error);
  }
}
