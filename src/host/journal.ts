// The journal of one unit.

import { ModuleError } from "../base/errors";
import { runCommand } from "./programs";

/**
 * The last lines of one run of a unit, oldest first: those of its processes and systemd's own about
 * it. Empty where the journal cannot be read: it only serves to explain another failure.
 */
export async function readJournal(invocationId: string, lines: number): Promise<readonly string[]> {
  if (invocationId === "") return [];
  const matches = [`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+", `INVOCATION_ID=${invocationId}`];
  const args = ["--no-pager", "--quiet", "--output=cat", `--lines=${lines}`, ...matches];
  try {
    const { stdout } = await runCommand("journalctl", args);
    return stdout.split("\n").filter((line) => line.trim() !== "");
  } catch (error) {
    if (error instanceof ModuleError) return [];
    throw error;
  }
}
