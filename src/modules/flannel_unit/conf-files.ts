// Configuration files that stand beside the unit: what flanneld and the CNI plugin read. They are
// written on the way to the daemon, or alone.

import { dirname } from "node:path";

import { type FileState, tryReadFile } from "../../host/atomic-file";
import { listNames } from "../../host/directory";
import { type FileInfo, tryInspect } from "../../host/file-info";
import { type Change, type Hide, planFolder, planRemove, planWrite } from "./changes";

/** A file that is to have this content, or is to go. */
export interface ConfFile {
  readonly path: string;
  readonly content: string | undefined;
  readonly hide: Hide;
  /** The daemon reads it when it starts, so that another one makes it another daemon. */
  readonly isForDaemon: boolean;
  /** Others have files in the directory, too, so it must not be closed to them. */
  readonly isShared: boolean;
}

export interface ConfFileState {
  readonly file: ConfFile;
  readonly before: FileState | undefined;
  readonly folder: FileInfo | undefined;
  /** Names of what is in a shared directory. */
  readonly neighbours: readonly string[];
}

const MODE = 0o600;
const FOLDER_MODE = 0o755;

/** Looks at the files and their directories. */
export function observeConfFiles(files: readonly ConfFile[]): readonly ConfFileState[] {
  return files.map((file) => ({
    file,
    before: tryReadFile(file.path),
    folder: file.isShared ? tryInspect(dirname(file.path)) : undefined,
    neighbours: file.isShared ? listNames(dirname(file.path)) : [],
  }));
}

/** The steps that bring the files to what they are to be. */
export function planConfFiles(states: readonly ConfFileState[]): readonly Change[] {
  return states.flatMap(({ file: { path, content, hide }, before, folder }) =>
    content === undefined
      ? planRemove({ path }, before, hide)
      : [
          ...planFolder({ path: dirname(path), mode: FOLDER_MODE }, folder),
          ...planWrite({ path, content, mode: MODE }, before, hide),
        ],
  );
}

/** JSON as Ansible's to_nice_json prints it, but for the order of keys, which stays. */
export function printJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
