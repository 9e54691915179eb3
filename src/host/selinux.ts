// The SELinux context that the policy of the host gives a path: a file that was prepared under another name
// has that of its directory.

import { existsSync } from "node:fs";

import { tryAskProgram } from "./programs";

/** Is there where the kernel has SELinux enabled. */
const ENABLED = "/sys/fs/selinux/enforce";

const TIMEOUT_MS = 10_000;

/**
 * Gives a prepared file the context of the path it is renamed to. Nothing is done where SELinux is off, or
 * the host has not the programs for it: the file then has the context that its directory gives it.
 */
export function labelFor(staged: string, path: string, isEnabled = existsSync(ENABLED)): void {
  if (!isEnabled) return;
  const answer = tryAskProgram("matchpathcon", ["-n", path], TIMEOUT_MS);
  const context = answer?.exitCode === 0 ? answer.stdout.trim() : "";
  // "<<none>>": the policy leaves the path to itself.
  if (!/^[^:\s<]+(:[^:\s]+)+$/.test(context)) return;
  tryAskProgram("chcon", ["--", context, staged], TIMEOUT_MS);
}
