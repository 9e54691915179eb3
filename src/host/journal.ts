// The journal of one unit.

import { ModuleError } from "../base/errors";
import { runCommand } from "./programs";

/**
 * The last lines of some runs of a unit, by their invocations, oldest first: those of its processes
 * and systemd's own about it. Empty where the journal cannot be read: it only serves to explain
 * another failure.
 */
export async function readJournal(
  invocationIds: readonly string[],
  lines: number,
): Promise<readonly string[]> {
  const matches = invocationIds
    .filter((id) => id !== "")
    .flatMap((id) => ["+", `_SYSTEMD_INVOCATION_ID=${id}`, "+", `INVOCATION_ID=${id}`])
    .slice(1);
  if (matches.length === 0) return [];
  const args = ["--no-pager", "--quiet", "--output=cat", `--lines=${lines}`, ...matches];
  try {
    const { stdout } = await runCommand("journalctl", args);
    return stdout.split("\n").filter((line) => line.trim() !== "");
  } catch (error) {
    if (error instanceof ModuleError) return [];
    throw error;
  }
}
