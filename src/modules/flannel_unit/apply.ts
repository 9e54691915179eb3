// Performs a plan, step by step; each step is atomic and a killed run is finished by the next one.

import { mkdir, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

import { ModuleError } from "../../base/errors";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { removeFile, replaceFile } from "../../host/atomic-file";
import { monotonicUs } from "../../host/clock";
import { runCommand } from "../../host/programs";
import {
  type UnitState,
  offlineError,
  systemctl,
  tryScoreUnit,
  tryShowUnit,
  verifyUnit,
} from "../../host/systemd";
import { type SubnetEnv } from "../../flannel/subnet-env";
import { type Observation } from "./observe";
import { type UnitChange, isWriteOf } from "./changes";
import { type UnitPlan } from "./plan";
import { HARDENING_NAMES } from "./hardening";
import { awaitReady, expectationOf } from "./ready";
import { explainAndRollBack } from "./rollback";

/** What is there after the changes. */
export interface Outcome {
  readonly unit: UnitState | undefined;
  readonly subnet: SubnetEnv | undefined;
  readonly securityScore: { readonly before?: number; readonly after?: number } | undefined;
}

/** Applies all changes. Throws before the first one when the start could not succeed anyway. */
export async function applyUnit(
  plan: UnitPlan,
  options: FlannelUnitOptions,
  observation: Observation,
): Promise<Outcome> {
  const { unitName, unitPath } = observation.declaration;
  if (observation.unit === undefined) throw offlineError();
  if (plan.obstacles.length > 0) {
    throw new ModuleError("not_found", `${unitName}: ${plan.obstacles.join("; ")}`);
  }
  const isRewritten = plan.changes.some((change) => isWriteOf(unitPath, change));
  const isScored = options.hardening && isRewritten;
  const before = isScored ? tryScoreUnit(unitName) : undefined;
  if (isRewritten) await verifyStaged(observation);
  let { subnet } = observation;
  for (const change of plan.changes) {
    subnet = (await applyChange(change, options, observation)) ?? subnet;
  }
  const after = isScored ? tryScoreUnit(unitName) : undefined;
  return { unit: tryShowUnit(unitName), subnet, securityScore: describeScore(before, after) };
}

/** systemd's own verdict on the new unit, before it replaces the old one. */
async function verifyStaged({ declaration }: Observation): Promise<void> {
  const all = await verifyUnit(declaration.unitName, declaration.unit.text);
  const complaints = all.filter((complaint) => !isUnknownHardening(complaint));
  if (complaints.length === 0) return;
  throw new ModuleError(
    "verification",
    `${declaration.unitName}: systemd-analyze verify refuses the new unit, nothing was changed: ${complaints.join("; ")}`,
    { result: { complaints } },
  );
}

/** An older systemd goes without the parts of the sandbox that it does not know. */
function isUnknownHardening(complaint: string): boolean {
  const name = /Unknown (?:lvalue|key name|key) '(\w+)'/.exec(complaint)?.[1];
  return name !== undefined && HARDENING_NAMES.has(name);
}

async function applyChange(
  { action }: UnitChange,
  options: FlannelUnitOptions,
  observation: Observation,
): Promise<SubnetEnv | undefined> {
  switch (action.kind) {
    case "write":
      await mkdir(dirname(action.path), { recursive: true, mode: 0o755 });
      await replaceFile(action.path, action.content, { mode: action.mode, uid: 0, gid: 0 });
      if (action.path.endsWith(".link")) await reloadUdev();
      return undefined;
    case "remove":
      await removeFile(action.path);
      await removeEmptyFolder(dirname(action.path));
      return undefined;
    case "systemctl":
      await systemctl(action.args);
      return undefined;
    case "command":
      await runStep(action.file, action.args, action.input);
      return undefined;
    case "start":
    case "restart":
      return await startDaemon(options, observation);
  }
}

async function runStep(file: string, args: readonly string[], input?: string): Promise<void> {
  const result = await runCommand(file, args, input === undefined ? {} : { input });
  if (result.exitCode === 0) return;
  const complaint = result.stderr.trim() || `exit code ${result.exitCode}`;
  throw new ModuleError("host", `${result.command}: failed: ${complaint}`, { cause: result });
}

/** udev looks for new .link files every 3 seconds only, and the device may be made before that. */
async function reloadUdev(): Promise<void> {
  try {
    await runCommand("udevadm", ["control", "--reload"]);
  } catch (error) {
    // A host without udev has nobody to read the file, and nothing to be told.
    if (!(error instanceof ModuleError)) throw error;
  }
}

/** A folder made for what was just removed goes with the last of it; it may hold what is not ours. */
async function removeEmptyFolder(folder: string): Promise<void> {
  const isMadeForIt = folder.endsWith(".service.d") || folder.startsWith("/run/");
  if (isMadeForIt) await rmdir(folder).catch(() => undefined);
}

/** Starts or restarts, waits, and on failure explains and rolls back. */
async function startDaemon(
  options: FlannelUnitOptions,
  observation: Observation,
): Promise<SubnetEnv | undefined> {
  const { unitName } = observation.declaration;
  const sinceUs = monotonicUs();
  if (observation.unit?.activeState === "failed") await systemctl(["reset-failed", unitName]);
  // `restart` also starts what does not run, and unlike `start` it does not sit out RestartSec.
  await systemctl(["restart", "--no-block", unitName]);
  if (options.wait_timeout === 0) return undefined;
  const verdict = await awaitReady(expectationOf(options, observation.declaration), sinceUs);
  if (verdict.kind === "ready") return verdict.subnet;
  throw await explainAndRollBack(options, observation, verdict);
}

function describeScore(before: number | undefined, after: number | undefined) {
  if (after === undefined) return undefined;
  return { ...(before === undefined ? {} : { before }), after };
}
