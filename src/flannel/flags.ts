// flanneld's command line flags, by version: the differences between all release tags.

import { ModuleError } from "../base/errors";
import { didYouMean } from "../base/nearest";
import { type FlagKind, findValueFault } from "./flag-values";
import { type FlannelVersion, isAtLeast, tagOf } from "./version";

export interface Flag {
  readonly kind: FlagKind;
  /** First release that knows the flag; absent means it was there before 0.8.0. */
  readonly since?: string;
  /** First release that no longer knows it. */
  readonly until?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
}

/** The oldest release the table describes. */
const OLDEST = "0.7.0";

/** Flags from flannel's main.go (plus the three of glog it lets through) since v0.7.0. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  "etcd-cafile": { kind: "file" },
  "etcd-certfile": { kind: "file" },
  "etcd-endpoints": { kind: "urls" },
  "etcd-keyfile": { kind: "file" },
  "etcd-password": { kind: "text" },
  "etcd-prefix": { kind: "key" },
  "etcd-username": { kind: "text" },
  "healthz-ip": { kind: "host", since: "0.8.0" },
  "healthz-port": { kind: "port", since: "0.8.0" },
  iface: { kind: "interface", repeatable: true },
  "iface-can-reach": { kind: "address", since: "0.18.0" },
  "iface-regex": { kind: "regex", since: "0.8.0", repeatable: true },
  "ip-blackhole-route": { kind: "bool", since: "0.27.1" },
  "ip-masq": { kind: "bool" },
  "ip-masq-fully-random-disable": { kind: "bool", since: "0.27.4" },
  "iptables-forward-rules": { kind: "bool", since: "0.11.0" },
  "iptables-resync": { kind: "seconds", since: "0.11.0" },
  "kube-annotation-prefix": { kind: "text", since: "0.11.0" },
  "kube-api-url": { kind: "url", since: "0.8.0" },
  "kube-subnet-mgr": { kind: "bool" },
  "kubeconfig-file": { kind: "file", since: "0.8.0" },
  listen: { kind: "text", until: "0.8.0" },
  log_backtrace_at: { kind: "text" },
  "net-config-path": { kind: "file", since: "0.12.0" },
  networks: { kind: "text", until: "0.8.0" },
  "public-ip": { kind: "ipv4" },
  "public-ipv6": { kind: "ipv6", since: "0.15.0" },
  remote: { kind: "text", until: "0.8.0" },
  "remote-cafile": { kind: "file", until: "0.8.0" },
  "remote-certfile": { kind: "file", until: "0.8.0" },
  "remote-keyfile": { kind: "file", until: "0.8.0" },
  "set-node-network-unavailable": { kind: "bool", since: "0.15.0" },
  "subnet-dir": { kind: "path", until: "0.8.0" },
  "subnet-file": { kind: "path" },
  "subnet-lease-renew-margin": { kind: "minutes" },
  "use-multi-cluster-cidr": { kind: "bool", since: "0.21.0", until: "0.23.0" },
  v: { kind: "level" },
  version: { kind: "bool" },
  vmodule: { kind: "text" },
  "watch-networks": { kind: "bool", until: "0.8.0" },
};

/** Files that a daemon reads with kube-subnet-mgr; all others it reads without. */
const KUBE_FILES = new Set(["kubeconfig-file", "net-config-path"]);

/** One flag on the command line. */
export interface FlagValue {
  readonly name: string;
  readonly value: string;
}

/**
 * Turns a dict of settings into flags sorted by name; a list repeats its flag, null leaves it out.
 * Throws ModuleError `invalid_arguments` with every fault: flanneld itself would print its usage
 * and exit 0, of which systemd only says that the service did not start. Without a version only names
 * no release has are faults.
 */
export function parseSettings(
  settings: Readonly<Record<string, unknown>>,
  version: FlannelVersion | undefined,
): readonly FlagValue[] {
  const faults: string[] = [];
  const flags: FlagValue[] = [];
  for (const name of Object.keys(settings).sort()) {
    const values = toTexts(settings[name]);
    if (values === undefined) {
      faults.push(`${name}: expected text, a number, a boolean or a list of these`);
    } else if (values.length > 0) {
      faults.push(...findFlagFaults(name, values, version));
      flags.push(...joinValues(name, values).map((value) => ({ name, value })));
    }
  }
  if (faults.length > 0) {
    throw new ModuleError("invalid_arguments", `settings: ${faults.join("; ")}`);
  }
  return flags;
}

/** The value of a flag that is given once; undefined when it is not given. */
export function flagValue(flags: readonly FlagValue[], name: string): string | undefined {
  return flags.find((flag) => flag.name === name)?.value;
}

/** True if the flag is given and Go's flag package reads its value as true. */
export function isFlagOn(flags: readonly FlagValue[], name: string): boolean {
  return isTrue(flagValue(flags, name));
}

/** True for what Go's flag package reads as true, as text or as a value of YAML. */
export function isTrue(value: unknown): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(tryTextOf(value) ?? "");
}

/** The flags that name a file which a daemon with these flags reads: once, when it starts. */
export function filesOf(flags: readonly FlagValue[]): readonly FlagValue[] {
  const isKube = isFlagOn(flags, "kube-subnet-mgr");
  return flags.filter(
    ({ name, value }) =>
      value !== "" && FLAGS[name]?.kind === "file" && KUBE_FILES.has(name) === isKube,
  );
}

/** Text of a scalar as a flag or variable takes it; undefined for anything else. */
export function tryTextOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

function toTexts(value: unknown): readonly string[] | undefined {
  if (value === null || value === undefined) return [];
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = items.map(tryTextOf);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function joinValues(name: string, values: readonly string[]): readonly string[] {
  return FLAGS[name]?.kind === "urls" ? [values.join(",")] : values;
}

function findFlagFaults(
  name: string,
  values: readonly string[],
  version: FlannelVersion | undefined,
): string[] {
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag === undefined) return [describeUnknownFlag(name)];
  const mismatch = describeMismatch(name, flag, version);
  if (mismatch !== undefined) return [mismatch];
  if (values.length > 1 && flag.repeatable !== true && flag.kind !== "urls") {
    return [`${name}: takes one value, got ${values.length}`];
  }
  return values.flatMap((value) => {
    const fault = findValueFault(flag.kind, value);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
}

function describeUnknownFlag(name: string): string {
  const guess = didYouMean(name, Object.keys(FLAGS));
  const known = guess === "" ? ` (known: ${Object.keys(FLAGS).join(", ")})` : guess;
  return `${name}: no flannel version has this flag${known}`;
}

function describeMismatch(
  name: string,
  flag: Flag,
  version: FlannelVersion | undefined,
): string | undefined {
  // Releases older than the table are taken to be as its first.
  if (version === undefined || (!isAtLeast(version, OLDEST) && flag.since === undefined)) {
    return undefined;
  }
  if (flag.since !== undefined && !isAtLeast(version, flag.since)) {
    return `${name}: flannel ${tagOf(version)} does not know this flag yet, it was added in v${flag.since}`;
  }
  if (flag.until !== undefined && isAtLeast(version, flag.until)) {
    return `${name}: flannel ${tagOf(version)} no longer knows this flag, it was removed in v${flag.until}`;
  }
  return undefined;
}
