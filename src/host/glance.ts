// A look at what may be gone while it is looked at, or be another user's: /proc, /sys, somebody's folder.
// Whatever cannot be read is not there; who must know why, takes atomic-file.ts or directory.ts.

import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** The text of a file; undefined where none can be read. */
export function glanceAtFile(path: string): string | undefined {
  return glance(() => readFileSync(path, "utf8"));
}

/** Where a symbolic link leads; undefined where there is none. */
export function glanceAtLink(path: string): string | undefined {
  return glance(() => readlinkSync(path));
}

/** The names in a directory; none where it cannot be read. */
export function glanceAtNames(path: string): readonly string[] {
  return glance(() => readdirSync(path)) ?? [];
}

function glance<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
