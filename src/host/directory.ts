// What is in a directory.

import { type Dirent, readdirSync } from "node:fs";

import { systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";

/** The names of files and links in a directory, as `listNames`. */
export function listFileNames(directory: string): readonly string[] {
  return listEntries(directory)
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ name }) => name);
}

/** The names in a directory; none when there is no such directory, ModuleError for all else. */
export function listNames(directory: string): readonly string[] {
  return listEntries(directory).map(({ name }) => name);
}

function listEntries(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw translateFileError(directory, "use", error);
  }
}
