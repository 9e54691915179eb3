// The flags of flanneld out of several options: the given settings, the user's over them, and what
// follows from others. Nothing of etcd is left where flanneld keeps its leases in Kubernetes.

import { isTrue } from "../../flannel/flags";
import { type FlannelVersion, isAtLeast } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";

type Settings = Readonly<Record<string, unknown>>;
type Given = Pick<FlannelUnitOptions, "endpoints" | "net_conf_path" | "settings" | "settings_user">;

export interface MergedSettings {
  readonly settings: Settings;
  /** flanneld keeps its leases in the Kubernetes API, and has no use for etcd. */
  readonly isKube: boolean;
}

/** Merges the settings; what the user gives always wins, and a null of the user's leaves a flag out. */
export function mergeSettings(
  { settings, settings_user: user, endpoints, net_conf_path: netConf }: Given,
  version: FlannelVersion | undefined,
): MergedSettings {
  const merged = { ...settings, ...user };
  if (isTrue(merged["kube-subnet-mgr"])) {
    const implied = takesNetConfPath(version) ? { "net-config-path": netConf } : {};
    return {
      settings: { ...definedOf(implied), ...withoutEtcd(settings), ...user },
      isKube: true,
    };
  }
  const needsEndpoints = isEmpty(merged["etcd-endpoints"]) && endpoints.length > 0;
  return {
    settings: needsEndpoints ? { ...merged, "etcd-endpoints": endpoints } : merged,
    isKube: false,
  };
}

/** True for releases that can be told where the network configuration for kube-subnet-mgr is. */
export function takesNetConfPath(version: FlannelVersion | undefined): boolean {
  return version === undefined || isAtLeast(version, "0.12.0");
}

function withoutEtcd(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !name.startsWith("etcd-")));
}

function definedOf(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Null is an answer: the flag is to be left out. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
