// The trial of a new daemon: until it is ready, the host can go back by itself.

import { rm } from "node:fs/promises";

import { ModuleError } from "../../base/errors";
import { type ArmedSwitch, armSwitch, callOff } from "./dead-mans-switch";
import { type Declared } from "./declare";
import { type Run } from "./plan";
import { findSteps } from "./put-back";
import { STOP_LIMIT_MS } from "./ready";
import { findNoWayBack } from "./rollback";

type Folders = Pick<Declared, "previousFiles" | "switchFolder" | "unitName">;

/** For what takes time beside the waiting: writing, starting, asking. */
const SLACK_MS = 60_000;

/** Arms the switch, if there is something to go back to; undefined: there is not. */
export async function beginTrial(run: Run): Promise<ArmedSwitch | undefined> {
  const { ready, switchFolder, unitName } = run.declared;
  const hasWayBack = ready.timeoutMs > 0 && findNoWayBack(run) === undefined;
  const steps = hasWayBack ? await findSteps(run) : [];
  if (steps.length === 0) {
    // Left by a run that was killed before anybody watched over it.
    if (run.observed.switch !== undefined) await callOff(switchFolder, unitName);
    return undefined;
  }
  const limitMs = ready.timeoutMs + ready.settleMs + STOP_LIMIT_MS + SLACK_MS;
  return await armSwitch(switchFolder, unitName, steps, Math.ceil(limitMs / 1000));
}

/** Ends the trial of a daemon that is ready. Throws `service` where the host has gone back meanwhile. */
export async function passTrial(
  armed: ArmedSwitch | undefined,
  { previousFiles, unitName }: Folders,
): Promise<void> {
  if (armed !== undefined && !(await armed.disarm())) {
    const message = `${unitName}: this run took so long that the host has put back what ran before; run it again`;
    throw new ModuleError("service", message);
  }
  await removeFolder(previousFiles);
}

/** Removes what an earlier run has kept and needs no more. */
export async function forgetBefore(folders: Folders): Promise<void> {
  await callOff(folders.switchFolder, folders.unitName);
  await removeFolder(folders.previousFiles);
}

async function removeFolder(path: string | undefined): Promise<void> {
  if (path !== undefined) await rm(path, { recursive: true, force: true });
}
