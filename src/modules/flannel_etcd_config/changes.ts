// What this module can do to etcd, with the sentence and the before and after of each.

import { type Change as AnyChange, type Diff } from "../../ansible/module";
import { type FolderStore, type StoredEntry } from "../../etcd/store";
import { type Lease, describeLease, tryParseLease } from "../../flannel/lease";
import { type NetworkConfig } from "../../flannel/network-config";
import { type Reservation, describeReservation, valueOf } from "../../flannel/reservation";
import { type HeldLease, type Observed } from "./observe";
import { type KeptTexts, previousKeyOf, renderKept } from "./previous";
import { printText } from "./secrets";
import { type V2Remains } from "./v2-remains";

export interface WriteChange extends AnyChange {
  readonly kind: "write";
  readonly config: NetworkConfig;
  /** The text to write. */
  readonly value: string;
  /** It is the text before a change that is taken back. */
  readonly isReturn?: true;
}

/** Keeps the text before a change. */
export interface KeepPreviousChange extends AnyChange {
  readonly kind: "keep previous";
  /** The text to write. */
  readonly value: string;
}

/** Removes the text before a change that is over. */
export interface ForgetPreviousChange extends AnyChange {
  readonly kind: "forget previous";
}

export interface RemoveChange extends AnyChange {
  readonly kind: "remove";
}

export interface PurgeChange extends AnyChange {
  readonly kind: "purge";
  readonly lease: HeldLease;
  /** Whether its daemon is to hear of it, and to start anew. */
  readonly evicts: boolean;
}

/** A subnet that is kept for a host. */
export interface ReserveChange extends AnyChange {
  readonly kind: "reserve";
  /** The lease as it will be. */
  readonly lease: HeldLease;
  /** The lease of the same host that is to have no end. */
  readonly before: StoredEntry | undefined;
}

/** A key that is left in the v2 store. */
export interface ForgetChange extends AnyChange {
  readonly kind: "forget";
  readonly store: FolderStore;
  readonly entry: StoredEntry;
}

/** Folders that are left in the v2 store. */
export interface ForgetFoldersChange extends AnyChange {
  readonly kind: "forget folders";
  readonly store: FolderStore;
  readonly folders: readonly string[];
}

export type Change =
  | WriteChange
  | KeepPreviousChange
  | ForgetPreviousChange
  | RemoveChange
  | PurgeChange
  | ReserveChange
  | ForgetChange
  | ForgetFoldersChange;

/** Writes this configuration. */
export function writeConfig({ key, stored }: Observed, config: NetworkConfig): WriteChange {
  const value = JSON.stringify(config.document);
  const summary = `${stored === undefined ? "create" : "update"} ${key}`;
  return { kind: "write", config, value, summary, diff: diffOf(key, stored?.value, value) };
}

/** Keeps the text that is about to be replaced; the diff is that of the configuration. */
export function keepPrevious({ key }: Observed, kept: KeptTexts): KeepPreviousChange {
  const summary = `keep the previous configuration in ${previousKeyOf(key)}`;
  return { kind: "keep previous", value: renderKept(kept), summary };
}

/** Removes the kept text. */
export function forgetPrevious({ key }: Pick<Observed, "key">): ForgetPreviousChange {
  return { kind: "forget previous", summary: `remove ${previousKeyOf(key)}` };
}

/** Writes the kept text back, as it was. */
export function putBackConfig(
  { key, stored }: Pick<Observed, "key" | "stored">,
  config: NetworkConfig,
  value: string,
): WriteChange {
  const summary = `put the previous configuration back into ${key}`;
  const diff = diffOf(key, stored?.value, value);
  return { kind: "write", config, value, isReturn: true, summary, diff };
}

/** Removes the configuration. */
export function removeConfig({ key, stored }: Observed): RemoveChange {
  return { kind: "remove", summary: `remove ${key}`, diff: diffOf(key, stored?.value, undefined) };
}

/** Removes the lease of one host; neighbours are shown as one diff. */
export function purgeLease(lease: HeldLease, evicts = false): PurgeChange {
  const told = describeHolder(lease);
  const header = { before_header: "leases", after_header: "leases" };
  const diff = { ...header, before: `${told}\n`, after: "" };
  return { kind: "purge", lease, evicts, summary: `remove the lease ${told}`, diff };
}

/** Keeps a subnet for a host; where it holds it already, for as long as nobody changes that. */
export function reserveSubnet(
  key: string,
  reservation: Reservation,
  held?: HeldLease,
): ReserveChange {
  const value = held?.entry.value ?? valueOf(reservation);
  const entry: StoredEntry = { key, value, revision: 0, ttlSeconds: undefined };
  const lease = { ...readLease(entry, reservation), entry };
  const told = describeReservation(reservation);
  const header = { before_header: "reservations", after_header: "reservations" };
  const diff = { ...header, before: "", after: `${told}\n` };
  return { kind: "reserve", lease, before: held?.entry, summary: `reserve ${told}`, diff };
}

function readLease(entry: StoredEntry, { publicIp, subnet, ipv6Subnet }: Reservation): Lease {
  const unknown = { publicIpv6: undefined, backendType: undefined, vni: undefined };
  const fresh = { key: entry.key, ...unknown, expiresInSeconds: undefined };
  return tryParseLease(entry) ?? { ...fresh, publicIp, subnet, ipv6Subnet };
}

/** Removes all that is left in the v2 store. */
export function forgetRemains({ store, entries, folders }: V2Remains): readonly Change[] {
  const keys = entries.map((entry): Change => {
    const summary = `remove ${entry.key} from etcd's v2 store`;
    const diff = diffOf(`${entry.key} (v2)`, entry.value, undefined);
    return { kind: "forget", store, entry, summary, diff };
  });
  if (folders.length === 0) return keys;
  const summary = `remove ${folders.join(", ")} from etcd's v2 store, where nothing is left`;
  const header = { before_header: "folders (v2)", after_header: "folders (v2)" };
  const diff = { ...header, before: folders.map((folder) => `${folder}/\n`).join(""), after: "" };
  return [...keys, { kind: "forget folders", store, folders, summary, diff }];
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
