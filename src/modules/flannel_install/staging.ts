// Where an installation is prepared: beside its targets, under names the next run knows as debris.

import { existsSync } from "node:fs";
import { basename } from "node:path";

import { isLeftLock } from "../../host/lock";
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
  const { binary, script, origin, lock, sent } = paths;
  const targets = [binary, script, origin, lock].map((path) => basename(path));
  return [
    ...listAbandoned(paths.directory, targets),
    ...(isLeftLock(lock) ? [lock] : []),
    ...(src !== sent && existsSync(sent) ? [sent] : []),
  ];
}
