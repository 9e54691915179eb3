// The errors that flannel's own source knows, each with the rule that has to recognise it, or the
// reason why none does. Made by scripts/flannel-exits.ts; the judgements are by hand.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface FlannelExit {
  /** The format of the error, as in the source. */
  readonly text: string;
  /** Where it stands, without a leading pkg/. */
  readonly file: string;
  /** The first and the last release, of those looked at, that have it. */
  readonly since: string;
  readonly until: string;
  /** The name of its rule. */
  readonly rule?: string;
  readonly notOurs?: string;
}

/** What main.go puts in front of an error of these files and texts; the first that fits counts. */
const WRAPPERS: readonly (readonly [RegExp, string])[] = [
  [/default interface|match pattern|regex error/, "Failed to find any valid interface to use: "],
  [/IP address %s (to|from)|incompatible addresses/, "Error registering network: "],
  [/none defined stack/, ""],
  [/^(network|iptables)\/\S+ (failed|error|no|unable)\b/i, "Failed to setup masq rules, "],
  [/^main\.go|^(network|iptables|trafficmngr)\//, ""],
  [/^(ipmatch|ip\/iface)/, "Failed to find any valid interface to use: "],
  [/^subnet\/config/, "Couldn't fetch network config: "],
  [/^subnet\/kube/, "Failed to create SubnetManager: "],
  [/^subnet\/(etcd|etcdv2)\/registry/, "Couldn't fetch network config: "],
  [/^subnet/, "Error registering network: failed to acquire lease: "],
  [/^utils/, "Failed to write subnet file: "],
  [/^backend\/(manager|hostgw)/, "Error fetching backend: "],
  [/^(backend|mac|ip)/, "Error registering network: "],
];

export function readFlannelExits(): readonly FlannelExit[] {
  const path = join(__dirname, "../data/flannel-exits.json");
  return JSON.parse(readFileSync(path, "utf8")) as readonly FlannelExit[];
}

/** The line that stands in the journal for it, with something plain where Go puts a value. */
export function renderExit({ text, file }: FlannelExit): string {
  const wrapper = WRAPPERS.find(([where]) => where.test(`${file} ${text}`))?.[1] ?? "";
  return `E1123 10:00:00.000000   42 main.go:1] ${wrapper}${text.replace(/%d/g, "1").replace(/%[+#]?[a-z]/g, "x1")}`;
}
