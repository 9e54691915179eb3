// Where an installation is prepared: beside its targets, under names the next run knows as debris.

import { existsSync } from "node:fs";
import { basename } from "node:path";

import { listAbandoned, stagedPath } from "../../host/staging";
import { type InstallPaths } from "./declare";

export interface Staging {
  readonly asset: string;
  readonly binary: string;
  readonly script: string;
  readonly previous: string;
}

/** The names of this process. */
export function stagingFor(paths: InstallPaths): Staging {
  return {
    asset: stagedPath(paths.binary, "asset"),
    binary: stagedPath(paths.binary),
    script: stagedPath(paths.script),
    previous: stagedPath(paths.binary, "previous"),
  };
}

/**
 * Staged files whose process has ended, as paths; those of another run in progress are none of ours.
 * A file that was sent is one, unless it is what shall be installed from (`src`).
 */
export function findLeftovers(paths: InstallPaths, src: string | undefined): readonly string[] {
  const targets = [paths.binary, paths.script, paths.origin].map((path) => basename(path));
  const isLeft = src !== paths.sent && existsSync(paths.sent);
  return [...listAbandoned(paths.directory, targets), ...(isLeft ? [paths.sent] : [])];
}
