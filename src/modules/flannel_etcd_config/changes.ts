// What this module can do to etcd, with the sentence and the before and after of each.

import { type Change as AnyChange, type Diff } from "../../ansible/module";
import { describeLease } from "../../flannel/lease";
import { type NetworkConfig } from "../../flannel/network-config";
import { type HeldLease, type Observed } from "./observe";
import { printText } from "./secrets";

export interface WriteChange extends AnyChange {
  readonly kind: "write";
  readonly config: NetworkConfig;
  /** The text to write. */
  readonly value: string;
}

export interface RemoveChange extends AnyChange {
  readonly kind: "remove";
}

export interface PurgeChange extends AnyChange {
  readonly kind: "purge";
  readonly lease: HeldLease;
}

export type Change = WriteChange | RemoveChange | PurgeChange;

/** Writes this configuration. */
export function writeConfig({ key, stored }: Observed, config: NetworkConfig): WriteChange {
  const value = JSON.stringify(config.document);
  const summary = `${stored === undefined ? "create" : "update"} ${key}`;
  return { kind: "write", config, value, summary, diff: diffOf(key, stored?.value, value) };
}

/** Removes the configuration. */
export function removeConfig({ key, stored }: Observed): RemoveChange {
  return { kind: "remove", summary: `remove ${key}`, diff: diffOf(key, stored?.value, undefined) };
}

/** Removes the lease of one host; neighbours are shown as one diff. */
export function purgeLease(lease: HeldLease): PurgeChange {
  const told = describeHolder(lease);
  const header = { before_header: "leases", after_header: "leases" };
  const diff = { ...header, before: `${told}\n`, after: "" };
  return { kind: "purge", lease, summary: `remove the lease ${told}`, diff };
}

/** "10.1.2.0/24 of 192.168.0.1 (vxlan)". */
export function describeHolder(lease: HeldLease): string {
  const { backendType } = lease;
  return `${describeLease(lease)}${backendType === undefined ? "" : ` (${backendType})`}`;
}

function diffOf(key: string, before: string | undefined, after: string | undefined): Diff {
  return {
    before_header: key,
    after_header: key,
    before: printText(before),
    after: printText(after, before),
  };
}
