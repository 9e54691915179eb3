// The keys of a network configuration: their names in any case, their types, and since when they count.

import { didYouMean } from "../base/nearest";
import { RawJson } from "../base/raw-json";
import { isSecretName } from "./backend-table";
import { type Findings } from "./findings";
import { type GoType, asGo, isSameField, isTaken, keepsOnNull } from "./go-value";
import { presentName, show } from "./secret-text";
import { type FlannelVersion, isAtLeast, tagOf } from "./version";

interface Key {
  /** The first version that reads it. */
  readonly since: string;
  readonly type: GoType;
}

/** All keys in the order in which they are written. */
export const KEYS: Readonly<Record<string, Key>> = {
  EnableIPv4: { since: "0.15.0", type: "bool" },
  EnableIPv6: { since: "0.15.0", type: "bool" },
  EnableNFTables: { since: "0.25.0", type: "bool" },
  Network: { since: "0.0.0", type: "net4" },
  SubnetLen: { since: "0.0.0", type: "uint" },
  SubnetMin: { since: "0.0.0", type: "ip4" },
  SubnetMax: { since: "0.0.0", type: "ip4" },
  IPv6Network: { since: "0.15.0", type: "net6" },
  IPv6SubnetLen: { since: "0.15.0", type: "uint" },
  IPv6SubnetMin: { since: "0.15.0", type: "ip6" },
  IPv6SubnetMax: { since: "0.15.0", type: "ip6" },
  Backend: { since: "0.0.0", type: "raw" },
};

/** Go's JSON reader takes keys in any case, the last of twins, and passes over unknown ones. */
export function spellKeys(
  members: readonly (readonly [string, unknown])[],
  version: FlannelVersion,
  findings: Findings,
): Readonly<Record<string, unknown>> {
  const spelled: Record<string, unknown> = {};
  for (const [key, given] of members) {
    const name = Object.keys(KEYS).find((known) => isSameField(known, key));
    const known = KEYS[name ?? ""];
    if (name === undefined || known === undefined) {
      reportUnknownKey(key, given, version, findings);
    } else if (!isAtLeast(version, known.since)) {
      findings.harmful(
        `${name}: needs flannel v${known.since} or newer, ${tagOf(version)} ignores it`,
      );
    } else {
      const value = asGo(known.type, given);
      if (name in spelled) reportTwin(name, key, isTaken(known.type, spelled[name]), findings);
      if (!(value === null && name in spelled && keepsOnNull(known.type))) spelled[name] = value;
    }
  }
  return spelled;
}

function reportTwin(name: string, key: string, isHarmless: boolean, findings: Findings): void {
  findings.harmful(`${name}: given twice${name === key ? "" : `, also as ${key}`}`);
  if (!isHarmless) findings.refused(`${name}: given twice, and flannel cannot read the first`);
}

/** Keys that flannel read from v0.20.0 to v0.24.4 without a use for them. */
const LIST_KEYS: Readonly<Record<string, GoType>> = { Networks: "net4", IPv6Networks: "net6" };

function reportUnknownKey(
  key: string,
  given: unknown,
  version: FlannelVersion,
  findings: Findings,
): void {
  findings.unknown(() => describeUnknownKey(key));
  const name = Object.keys(LIST_KEYS).find((known) => isSameField(known, key));
  const type = LIST_KEYS[name ?? ""];
  if (type === undefined || !isAtLeast(version, "0.20.0") || isAtLeast(version, "0.25.0")) return;
  if (!isListOf(type, given)) {
    findings.refused(`${key}: ${tagOf(version)} expects a list of networks, got ${show(given)}`);
  }
}

function isListOf(type: GoType, given: unknown): boolean {
  if (given === null || (given instanceof RawJson && given.isNull)) return true;
  const items: unknown = given instanceof RawJson && given.isArray ? given.items() : given;
  if (!Array.isArray(items)) return false;
  const values = items.map((item: unknown) => asGo(type, item));
  return values.every((item) => typeof item === "string" && isTaken(type, item));
}

function describeUnknownKey(key: string): string {
  if (isSecretName(key)) return `${key}: a secret in the wrong place, it belongs in Backend`;
  const hint = didYouMean(key, Object.keys(KEYS));
  const known = hint === "" ? ` (known: ${Object.keys(KEYS).join(", ")})` : hint;
  return `${presentName(key)}: unknown key, flannel would ignore it${known}`;
}
