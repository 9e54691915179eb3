// What this host lacks for a network configuration that is about to be written for all hosts.

import { networkInterfaces } from "node:os";

import { type BackendNeed, LONGEST_DEVICE_NAME, backendNeedsOf } from "../../flannel/backend-needs";
import { type FlagValue } from "../../flannel/flags";
import { type OverlayNetwork } from "../../flannel/overlay-network";
import { tryFindRefusal } from "../../host/empty-network";
import { SYSTEMD_PATH, findProgram, isProgram } from "../../host/search-path";

/** Where the daemon is to work. */
export interface Site {
  readonly flags: readonly FlagValue[];
  /** What the daemon that runs was started for, which needs no proof; undefined: nobody knows. */
  readonly running: OverlayNetwork | undefined;
}

/** A sentence for each thing that a daemon would miss under this configuration, as far as can be told. */
export function findNetworkLacks(
  wanted: OverlayNetwork,
  { flags, running }: Site,
): readonly string[] {
  const proven = new Set((running === undefined ? [] : backendNeedsOf(running)).map(keyOf));
  return backendNeedsOf(wanted)
    .filter((need) => !proven.has(keyOf(need)))
    .flatMap((need) => tryFindLack(need, flags) ?? []);
}

function keyOf(need: BackendNeed): string {
  return JSON.stringify(need);
}

function tryFindLack(need: BackendNeed, flags: readonly FlagValue[]): string | undefined {
  switch (need.kind) {
    case "name":
      return `${need.of}: ${need.device}: has ${need.device.length} characters, the kernel takes names of ${LONGEST_DEVICE_NAME} at most; choose a smaller VNI`;
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
    case "family":
      return tryFindFamilyLack(flags);
  }
}

/** flannel takes any address of the interface, a link-local one, too. */
function tryFindFamilyLack(flags: readonly FlagValue[]): string | undefined {
  const named = flags.filter(({ name }) => name === "iface").map(({ value }) => value);
  const isOpen = named.length === 0 || flags.some(({ name }) => /^iface-./.test(name));
  const links = Object.entries(networkInterfaces()).filter(
    ([name, found = []]) =>
      name !== "lo" &&
      (isOpen ||
        [name, ...found.map(({ address }) => address)].some((word) => named.includes(word))),
  );
  if (links.some(([, found]) => found?.some(({ family }) => family === "IPv6"))) return undefined;
  const where = isOpen ? "no interface of this host has an" : `${named.join(", ")}: has no`;
  return `EnableIPv6: ${where} IPv6 address; give it one`;
}
