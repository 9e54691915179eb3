// Talks to systemd through systemctl and systemd-analyze.

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ModuleError } from "../base/errors";
import { type CommandResult, lastWordsOf, runCommand, tryAskProgram } from "./programs";

/** What systemd says about a unit; a unit it does not know is inactive with load state not-found. */
export interface UnitState {
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** "success", "exit-code", "protocol", "timeout", ... of the last run. */
  readonly result: string;
  readonly mainPid: number;
  /** "exited", "killed", "dumped" of the last main process; empty if there was none. */
  readonly exitKind: string;
  readonly exitStatus: number;
  /** Start of the main process on the monotonic clock, in microseconds; 0 if there was none. */
  readonly startedAtUs: number;
  readonly unitFileState: string;
  readonly fragmentPath: string;
  readonly dropInPaths: readonly string[];
  readonly needsReload: boolean;
  /** Automatic restarts since the last start by hand. */
  readonly restarts: number;
  /** A start, stop or restart is queued or under way. */
  readonly hasJob: boolean;
  readonly statusText: string;
  /** Names the current or last run in the journal. */
  readonly invocationId: string;
}

const PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "ExecMainCode",
  "ExecMainStatus",
  "ExecMainStartTimestampMonotonic",
  "UnitFileState",
  "FragmentPath",
  "DropInPaths",
  "NeedDaemonReload",
  "NRestarts",
  "Job",
  "StatusText",
  "InvocationID",
];

const ASK_TIMEOUT_MS = 30_000;

/** The state of a unit in one call; undefined on a host that systemd does not manage (yet). */
export function tryShowUnit(unit: string): UnitState | undefined {
  const args = ["show", unit, `--property=${PROPERTIES.join(",")}`];
  const result = tryAskProgram("systemctl", args, ASK_TIMEOUT_MS);
  if (result === undefined || isOffline(result)) return undefined;
  if (result.exitCode !== 0) throw refusalOf(`read the state of ${unit}`, result);
  return parseUnitState(result.stdout);
}

/** Reads the output of `systemctl show`. */
export function parseUnitState(output: string): UnitState {
  const properties = new Map<string, string>();
  for (const line of output.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const text = (name: string) => properties.get(name) ?? "";
  const number = (name: string) => Number(properties.get(name) ?? "0") || 0;
  return {
    loadState: text("LoadState"),
    activeState: text("ActiveState"),
    subState: text("SubState"),
    result: text("Result"),
    mainPid: number("MainPID"),
    exitKind: EXIT_KINDS[number("ExecMainCode")] ?? "",
    exitStatus: number("ExecMainStatus"),
    startedAtUs: number("ExecMainStartTimestampMonotonic"),
    unitFileState: text("UnitFileState"),
    fragmentPath: text("FragmentPath"),
    dropInPaths: text("DropInPaths").split(" ").filter(Boolean),
    needsReload: text("NeedDaemonReload") === "yes",
    restarts: number("NRestarts"),
    hasJob: text("Job") !== "" && text("Job") !== "0",
    statusText: text("StatusText"),
    invocationId: text("InvocationID"),
  };
}

/** si_code of SIGCHLD, which `show` prints as a number. */
const EXIT_KINDS: Readonly<Record<number, string>> = { 1: "exited", 2: "killed", 3: "dumped" };

/** Runs systemctl with these words; ModuleError `service` with its complaint when it fails. */
export async function systemctl(args: readonly string[], timeoutMs = 90_000): Promise<void> {
  const result = await runCommand("systemctl", args, { timeoutMs });
  if (isOffline(result)) throw new ModuleError("host", OFFLINE);
  if (result.exitCode !== 0) throw refusalOf(`run ${result.command}`, result);
}

/** What there is to say of a host without a running systemd. */
export const OFFLINE =
  "systemd is not running on this host: expected it as process 1, because flanneld runs as its service";

/**
 * Has systemd check a unit that is not in place yet. Returns its complaints about this unit (other
 * units of the host may have flaws of their own), an empty list when it has none.
 */
export async function verifyUnit(unitName: string, text: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "flannel-unit-"));
  const path = join(folder, unitName);
  try {
    await writeFile(path, text);
    await chmod(path, 0o644); // whatever the umask: an unreadable unit is a complaint of its own
    const result = await runCommand("systemd-analyze", ["verify", "--man=no", path]);
    return findComplaints(result, path, unitName);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function findComplaints(result: CommandResult, path: string, unitName: string): readonly string[] {
  const lines = result.stderr.split("\n").filter((line) => line.trim() !== "");
  // "Unit x.service failed to load properly" is all it says of a line of more than 1 MiB.
  const openings = [path, `${unitName}:`, `Unit ${unitName} `];
  const own = lines.filter((line) => openings.some((opening) => line.startsWith(opening)));
  // Exit code 1 also stands for flaws of other units, so without a line of ours it says nothing.
  return own.map((line) => line.replace(`${path}:`, "line "));
}

/** The exposure score of a loaded unit, 0 to 10; undefined where this systemd cannot tell. */
export function tryScoreUnit(unitName: string): number | undefined {
  const args = ["security", "--no-pager", unitName];
  const result = tryAskProgram("systemd-analyze", args, ASK_TIMEOUT_MS);
  const score = /exposure level for .*?: ([\d.]+)/.exec(result?.stdout ?? "")?.[1];
  return score === undefined ? undefined : Number(score);
}

function isOffline(result: CommandResult): boolean {
  return (
    result.exitCode !== 0 &&
    /not been booted with systemd|Failed to connect to bus/i.test(result.stderr)
  );
}

function refusalOf(action: string, result: CommandResult): ModuleError {
  const complaint = lastWordsOf(result.stderr) || `exit code ${result.exitCode}`;
  const denied = /access denied|permission denied|authentication/i.test(complaint);
  const remedy = denied ? "; run the task with become: true" : "";
  return new ModuleError(
    denied ? "permission" : "service",
    `cannot ${action}: ${complaint}${remedy}`,
    { cause: result },
  );
}
