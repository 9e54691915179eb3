// What an earlier run has left of its dead man's switch.

import { join } from "node:path";

import { tryReadFile } from "../../host/atomic-file";
import { tryInspect } from "../../host/file-info";
import { tryStartOf } from "../../host/proc";
import { tryShowUnit } from "../../host/systemd";
import { ARMED, FIRED, watcherOf } from "./put-back-script";

/** What is left of a switch on the host. */
export type SwitchState =
  /** The process that tries a daemon is at it. */
  | { readonly kind: "armed"; readonly pid: number }
  /** The host has put back what ran before, at this time. */
  | { readonly kind: "fired"; readonly at: string }
  /** Called off, or forgotten by a host that was started anew: of no use any more. */
  | { readonly kind: "spent" };

/** How long a switch whose process has ended is waited for. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 250;

/**
 * The switch as it is; undefined: there is none. One that is about to go off is waited for, as what is
 * observed now would not be there any more when it is changed.
 */
export async function observeSwitch(
  folder: string,
  unitName: string,
): Promise<SwitchState | undefined> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const state = look(folder, unitName);
    if (state !== "about to go off" || waited > PATIENCE_MS) {
      return state === "about to go off" ? { kind: "spent" } : state;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function look(folder: string, unitName: string): SwitchState | "about to go off" | undefined {
  if (tryInspect(folder) === undefined) return undefined;
  const pid = otherArmedBy(folder);
  if (pid !== undefined) return { kind: "armed", pid };
  if (tryShowUnit(watcherOf(unitName))?.activeState === "active") return "about to go off";
  const at = tryReadFile(join(folder, FIRED))?.content.trim();
  return at === undefined ? { kind: "spent" } : { kind: "fired", at };
}

/** Whether a process that still runs, and is not this one, tries a daemon. */
export function isArmedByOther(folder: string): boolean {
  return otherArmedBy(folder) !== undefined;
}

function otherArmedBy(folder: string): number | undefined {
  const pid = Number(tryReadFile(join(folder, ARMED))?.content);
  const isOther = pid > 0 && pid !== process.pid && tryStartOf(pid) !== undefined;
  return isOther ? pid : undefined;
}
