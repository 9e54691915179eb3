// What this host lacks for the backend of a network configuration that is about to be written for all hosts.

import { type BackendNeed, LONGEST_DEVICE_NAME, backendNeedsOf } from "../../flannel/backend-needs";
import { type OverlayNetwork } from "../../flannel/overlay-network";
import { tryFindRefusal } from "../../host/empty-network";
import { SYSTEMD_PATH, findProgram, isProgram } from "../../host/search-path";

/**
 * A sentence for each thing that a daemon would miss under this configuration, as far as can be told. `running`: what
 * the daemon that runs was started for, which needs no proof; undefined: nobody knows.
 */
export function findNetworkLacks(
  wanted: OverlayNetwork,
  running: OverlayNetwork | undefined,
): readonly string[] {
  const proven = new Set((running === undefined ? [] : backendNeedsOf(running)).map(keyOf));
  return backendNeedsOf(wanted)
    .filter((need) => !proven.has(keyOf(need)))
    .flatMap((need) => tryFindLack(need) ?? []);
}

function keyOf(need: BackendNeed): string {
  return JSON.stringify(need);
}

function tryFindLack(need: BackendNeed): string | undefined {
  switch (need.kind) {
    case "name":
      return `${need.of}: ${need.device}: has ${need.device.length} characters, the kernel allows ${LONGEST_DEVICE_NAME} at most; choose a smaller VNI`;
    case "kernel": {
      const words = tryFindRefusal(need.ask);
      if (words === undefined) return undefined;
      return `${need.of}: this kernel has no ${need.what} (${words}); load or install its module, or choose another backend`;
    }
    case "program":
      if (findProgram(need.name, SYSTEMD_PATH) !== undefined || need.paths.some(isProgram)) {
        return undefined;
      }
      return `${need.of}: ${need.name}: no such program on this host, install it`;
  }
}
