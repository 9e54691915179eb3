// What differs between two configurations as flannel reads them, and what a change would break.

import { isRecord } from "../base/json";
import { MASK } from "../base/secrets";
import { type Setting, isSecretName, isSharedSetting } from "./backend-table";

import { contains } from "./address";
import { type Lease, describeLease } from "./lease";
import { type NetworkConfig } from "./network-config";
import { hideSecrets } from "./secret-text";

export interface Difference {
  /** "Network", "Backend.VNI". */
  readonly key: string;
  /** null where the setting does not exist. */
  readonly before: Setting | null;
  readonly after: Setting | null;
}

type Settings = ReadonlyMap<string, Setting>;

/** Every setting that differs in effect; spelling, order and defaults written out do not count. */
export function differencesOf(before: NetworkConfig, after: NetworkConfig): readonly Difference[] {
  const sameType = before.settings.get("Backend.Type") === after.settings.get("Backend.Type");
  const keys = new Set([...before.settings.keys(), ...after.settings.keys()]);
  return [...keys]
    .filter((key) => before.settings.get(key) !== after.settings.get(key))
    .filter((key) => sameType || isTold(key, before) || isTold(key, after))
    .map((key) => ({
      key,
      before: shownSetting(before.settings, key),
      after: shownSetting(after.settings, key),
    }));
}

/** "Backend.VNI is 1, declared is 7"; secrets stay masked. */
export function describeDifference({ key, before, after }: Difference): string {
  if (isSecretKey(key)) return `${key} differs`;
  const shown = (value: Setting | null): string => (value === null ? "not set" : String(value));
  return `${key} is ${shown(before)}, declared is ${shown(after)}`;
}

/** Why writing `after` over `before` would break the overlay of daemons that hold these leases. */
export function disruptionsOf(
  before: NetworkConfig,
  after: NetworkConfig,
  leases: readonly Lease[],
): readonly string[] {
  if (leases.length === 0) return [];
  const oldType = String(before.settings.get("Backend.Type"));
  const newType = String(after.settings.get("Backend.Type"));
  const disagreements = differencesOf(before, after)
    .filter(({ key }) => key === "Backend.Type" || oldType === newType)
    .filter(({ key }) => isSharedSetting(newType, key))
    .map((difference) => `${describeDifference(difference)}: daemons of both kinds cannot talk`);
  const outside = leases.filter((lease) => !containsLease(after, lease)).map(describeLease);
  const lost =
    outside.length === 0
      ? []
      : [`leased subnets outside the declared network: ${outside.join(", ")}`];
  return [...disagreements, ...lost];
}

function containsLease(config: NetworkConfig, lease: Lease): boolean {
  return config.ranges.every(({ family, network }) => {
    const subnet = family === 4 ? lease.subnet : lease.ipv6Subnet;
    return subnet === undefined || contains(network, subnet);
  });
}

/** Defaults of options that only one of two backends has would be noise. */
function isTold(key: string, { document }: NetworkConfig): boolean {
  if (!key.startsWith("Backend.")) return true;
  return isRecord(document["Backend"]) && key.slice("Backend.".length) in document["Backend"];
}

function shownSetting(settings: Settings, key: string): Setting | null {
  const value = settings.get(key);
  if (value === undefined) return null;
  return isSecretKey(key) ? MASK : (hideSecrets(value) as Setting);
}

function isSecretKey(key: string): boolean {
  return isSecretName(key.replace(/^Backend\./, ""));
}
