// Before a new daemon is tried, the host itself is told how to go back, and does so when this process
// ends without a word: killed, cut off, out of memory (docs/adr/0032).

import { statSync } from "node:fs";
import { chmod, mkdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";

import { ModuleError, StaleObservationError, systemCodeOf } from "../../base/errors";
import { replaceFile } from "../../host/atomic-file";
import { translateFileError } from "../../host/file-errors";
import { tryStartOf } from "../../host/proc";
import { lastWordsOf, runCommand } from "../../host/programs";
import { tryInspect } from "../../host/file-info";
import { systemctl } from "../../host/systemd";
import { ARMED, FIRED, SCRIPT, type Step, renderPutBack, watcherOf } from "./put-back-script";
import { isArmedByOther } from "./switch-state";

/** A switch that is armed. */
export interface ArmedSwitch {
  /** False: it could not be called off, for the host has put back what ran before. */
  disarm(): Promise<boolean>;
}

const FOLDER_MODE = 0o700;
const SCRIPT_MODE = 0o700;
/**
 * Arms the switch for this process. Throws `host` where systemd does not take it, and StaleObservationError
 * where another run was faster: nothing was changed.
 */
export async function armSwitch(
  folder: string,
  unitName: string,
  steps: readonly Step[],
  limitS: number,
): Promise<ArmedSwitch> {
  if (isArmedByOther(folder)) throw takenByOther(folder);
  await callOff(folder, unitName);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
  const { ino: own } = statSync(folder);
  try {
    await fill(folder, unitName, steps, limitS);
    await startWatcher(unitName, join(folder, SCRIPT));
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.ino !== own) throw takenByOther(folder);
    await rm(folder, { recursive: true, force: true }); // it holds secrets, and nobody watches over it
    throw error;
  }
  return { disarm: () => callOff(folder, unitName) };
}

async function fill(
  folder: string,
  unitName: string,
  steps: readonly Step[],
  limitS: number,
): Promise<void> {
  const saved = steps.map((step, index) => ({ step, name: String(index) }));
  for (const { step, name } of saved) await save(join(folder, name), step);
  const trial = { pid: process.pid, startTicks: tryStartOf(process.pid) ?? 0, limitS };
  const text = renderPutBack(folder, unitName, trial, saved);
  await replaceFile(join(folder, SCRIPT), text, { mode: SCRIPT_MODE, uid: 0, gid: 0 });
  await replaceFile(join(folder, ARMED), `${process.pid}\n`, { mode: 0o600, uid: 0, gid: 0 });
}

/** Another run has armed since the host was looked at; a second look says what that means. */
function takenByOther(folder: string): StaleObservationError {
  const message = `${folder}: another run of flannel_unit keeps its way back there`;
  return new StaleObservationError("conflict", message);
}

/** Takes the switch away, if there is one; false: it had gone off. */
export async function callOff(folder: string, unitName: string): Promise<boolean> {
  const hasFired = !(await takeAway(join(folder, ARMED)));
  if (!hasFired) await systemctl(["stop", watcherOf(unitName)]).catch(() => undefined);
  const fired = hasFired && tryInspect(join(folder, FIRED)) !== undefined;
  await rm(folder, { recursive: true, force: true });
  return !fired;
}

async function save(path: string, { putting }: Step): Promise<void> {
  if (putting.by === "content") await replaceFile(path, putting.before.content, putting.before);
}

async function startWatcher(unitName: string, script: string): Promise<void> {
  const unit = watcherOf(unitName);
  const description = `Way back to the previous ${unitName}`;
  const args = [`--unit=${unit}`, `--description=${description}`, "--collect", "--quiet"];
  const result = await runCommand("systemd-run", [...args, "/bin/sh", script]);
  if (result.exitCode === 0) return;
  throw new ModuleError(
    "host",
    `${unit}: systemd does not start the service that would put the daemon back if this run were killed: ` +
      `${lastWordsOf(result.stderr)}; with rollback: false the new daemon is tried without a way back`,
  );
}

/** False if there is no such file: whoever takes it away first has the say. */
async function takeAway(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" || systemCodeOf(error) === "ENOTDIR") return false;
    throw translateFileError(path, "remove", error);
  }
}
