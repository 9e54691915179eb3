// Carries out one change; each is atomic, and a killed run is finished by the next one.

import { chmod, chown, mkdir, rmdir } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { ModuleError } from "../../base/errors";
import { type SubnetEnv } from "../../flannel/subnet-env";
import { clearAway, removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { runCommand } from "../../host/programs";
import { listAbandoned } from "../../host/staging";
import {
  type UnitState,
  systemctl,
  tryScoreUnit,
  tryShowUnit,
  verifyUnit,
} from "../../host/systemd";
import { type Command, type Remove, type Change, type Write } from "./changes";
import { HARDENING_NAMES } from "./hardening";
import { type Run } from "./plan";
import { keepPrevious } from "./previous-files";
import { placeSent } from "./sent-certificates";
import { startDaemon } from "./start";
import { forgetBefore } from "./trial";

/** What is known since changes are being made; undefined: as it was observed. */
export interface Outcome {
  readonly systemd: UnitState | undefined;
  readonly subnet: SubnetEnv | undefined;
  readonly score: SecurityScore | undefined;
}

/** Exposure of the unit, 0 (best) to 10; `after` comes with the last change. */
export interface SecurityScore {
  readonly before?: number;
  readonly after?: number;
}

const FOLDER_MODE = 0o755;

export const nothing: Outcome = { systemd: undefined, subnet: undefined, score: undefined };

/** systemd's own verdict on the new unit, before it replaces the old one, and the old one's score. */
export async function prepare(outcome: Outcome, { declared, plan }: Run): Promise<Outcome> {
  const { unitName, unitPath, isHardened } = declared;
  const isRewritten = plan.changes.some(
    (change) => change.kind === "write" && change.path === unitPath,
  );
  if (!isRewritten) return outcome;
  await verify(unitName, plan.texts.unit);
  if (!isHardened) return outcome;
  const before = tryScoreUnit(unitName);
  return { ...outcome, score: before === undefined ? {} : { before } };
}

/** Carries out a change. A start is waited for, and gone back on when the daemon does not come up. */
export async function apply(change: Change, outcome: Outcome, run: Run): Promise<Outcome> {
  const next = { ...outcome, ...(await carryOut(change, run)) };
  const isLast = change === run.plan.changes.at(-1);
  if (!isLast || outcome.score === undefined) return next;
  const after = tryScoreUnit(run.declared.unitName);
  return { ...next, score: { ...outcome.score, ...(after === undefined ? {} : { after }) } };
}

async function carryOut(change: Change, run: Run): Promise<Partial<Outcome>> {
  const { unitName } = run.declared;
  switch (change.kind) {
    case "write":
      await write(change);
      return {};
    case "remove":
      await remove(change);
      return {};
    case "placement":
      await keepPrevious(change.path, run.declared.previousFiles);
      await placeSent(change);
      return {};
    case "create-folder":
      await makeFolder(change.path);
      await chown(change.path, 0, 0);
      await chmod(change.path, change.mode);
      return {};
    case "folder":
      await chown(change.path, 0, 0);
      await chmod(change.path, change.mode);
      return {};
    case "remove-folder":
      // Somebody else may have put something there meanwhile.
      await rmdir(change.path).catch(() => undefined);
      return {};
    case "command":
      await runStep(change);
      return {};
    case "enablement":
      await systemctl([change.verb, unitName]);
      return {};
    case "systemctl":
      await systemctl(change.args);
      return { systemd: tryShowUnit(unitName) };
    case "start":
    case "restart":
      return await startDaemon(change, run);
    case "forget":
      await forgetBefore(run.declared);
      return {};
    case "restore":
      throw new ModuleError("internal", `${change.summary}: is not a step of a plan`);
  }
}

async function verify(unitName: string, text: string): Promise<void> {
  const all = await verifyUnit(unitName, text);
  const complaints = all.filter((complaint) => !isUnknownHardening(complaint));
  if (complaints.length === 0) return;
  throw new ModuleError(
    "verification",
    `${unitName}: systemd-analyze verify refuses the new unit, nothing was changed: ${complaints.join("; ")}`,
    { result: { complaints } },
  );
}

/** An older systemd goes without the parts of the sandbox that it does not know. */
function isUnknownHardening(complaint: string): boolean {
  const name = /Unknown (?:lvalue|key name|key) '(\w+)'/.exec(complaint)?.[1];
  return name !== undefined && HARDENING_NAMES.has(name);
}

async function write({ path, content, mode, then }: Write): Promise<void> {
  await makeFolder(dirname(path));
  await replaceFile(path, content, { mode, uid: 0, gid: 0 });
  if (then === "udev") await reloadUdev();
}

/** Durable, and whatever the umask: others read here, too. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  await chmod(path, FOLDER_MODE);
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

async function remove({ path, folderToo }: Remove): Promise<void> {
  await removeFile(path);
  // A killed run may have prepared another one, and there may be secrets in it.
  await clearAway(...listAbandoned(dirname(path), [basename(path)]));
  // The folder may hold what is not ours.
  if (folderToo === true) await rmdir(dirname(path)).catch(() => undefined);
}

async function runStep({ file, args, input }: Command): Promise<void> {
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
