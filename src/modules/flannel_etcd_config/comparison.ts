// The configuration in etcd beside the declared one: where they differ, and that in words.

import {
  type Difference,
  describeDifference,
  differenceOfAll,
  differencesOf,
} from "../../flannel/config-difference";
import { type NetworkConfig } from "../../flannel/network-config";
import { type Observed, type StoredConfig } from "./observe";

/** A configuration that flannel cannot use differs as a whole. */
export function compare(
  existing: StoredConfig | undefined,
  wanted: NetworkConfig | undefined,
): readonly Difference[] {
  if (existing === undefined || wanted === undefined) return [];
  const { config, findings } = existing.reading;
  if (config !== undefined) return differencesOf(config, wanted);
  return [differenceOfAll(findings.refusals, wanted)];
}

/** All differences, as one sentence. */
export function describeAll({ reading }: StoredConfig, wanted: NetworkConfig | undefined): string {
  const { config, findings } = reading;
  if (config === undefined || wanted === undefined) return describeUnusable(findings.refusals);
  const told = differencesOf(config, wanted).map(describeDifference).join("; ");
  return `the configuration in etcd differs: ${told}`;
}

/** Why flannel does not take what is there. */
export function describeUnusable(refusals: readonly string[]): string {
  return `flannel cannot use the configuration in etcd (${refusals.join("; ")})`;
}

/** Why the other one stays. */
export function describeKept(told: string, { raced }: Observed): string {
  const winner = raced ? "someone else wrote it while this task ran and it" : "it";
  return `${told}; ${winner} was kept, set if_exists: update to write the declared one`;
}
