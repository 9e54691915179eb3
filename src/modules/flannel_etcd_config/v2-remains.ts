// What a flannel that read etcd's v2 store has left there, and whether it may go: etcd 3.6 does not start from it.

import { posix } from "node:path";

import { type Obstacle } from "../../ansible/module";
import { ModuleError } from "../../base/errors";
import { isEtcdAtLeast } from "../../etcd/members";
import { type FolderStore, type StoredEntry } from "../../etcd/store";
import { configKeyOf, etcdApiOf, subnetsKeyOf } from "../../flannel/etcd-layout";
import { type Lease, describeLease, tryParseLease } from "../../flannel/lease";
import { parseVersion } from "../../flannel/version";

export interface V2Remains {
  readonly store: FolderStore;
  /** flannel's own keys: the configuration, and leases. */
  readonly entries: readonly StoredEntry[];
  /** Folders that are empty without them, the deepest first. */
  readonly folders: readonly string[];
}

/** What could be seen of the v2 store, or why nothing could. */
export type V2Sight =
  | { readonly remains: V2Remains; readonly hidden?: undefined }
  | { readonly remains?: undefined; readonly hidden: string };

/** Looks at the v2 store. What is wrong with etcd itself, other requests tell. */
export async function lookForRemains(store: FolderStore, prefix: string): Promise<V2Sight> {
  try {
    return { remains: await findRemains(store, prefix) };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    const { etcdVersion } = store.origin;
    const isGone = etcdVersion !== undefined && isEtcdAtLeast(etcdVersion, 3, 6);
    return { hidden: isGone ? "" : error.message };
  }
}

async function findRemains(store: FolderStore, prefix: string): Promise<V2Remains> {
  const config = configKeyOf(prefix, "v2");
  const found = await store.read(config);
  const subnets = await store.tree(subnetsKeyOf(prefix, "v2"));
  const entries = [
    ...(found === undefined ? [] : [{ ...found, key: config, ttlSeconds: undefined }]),
    ...(subnets?.entries ?? []),
  ];
  const folders = [...(subnets?.folders ?? [])];
  const doomed = new Set([...entries.map(({ key }) => key), ...folders]);
  for (let folder = posix.dirname(config); folder !== "/"; folder = posix.dirname(folder)) {
    const tree = await store.tree(folder);
    if (tree === undefined) continue;
    const all = [...tree.entries.map(({ key }) => key), ...tree.folders];
    if (all.some((key) => key !== folder && !doomed.has(key))) break;
    doomed.add(folder);
    folders.push(folder);
  }
  return { store, entries, folders };
}

/** All that is left, for the result. */
export function namesOf({ entries, folders }: V2Remains): readonly string[] {
  return [...entries.map(({ key }) => key), ...folders.map((folder) => `${folder}/`)];
}

/** Releases that run, by host: null where none does, and any other text where nothing is known. */
export type RunningReleases = Readonly<Record<string, unknown>>;

export interface ForgetCase {
  readonly key: string;
  /** Whether v3 has a configuration, or none is to be had. */
  readonly isReplaced: boolean;
  readonly remains: V2Remains;
  /** Those in v3. */
  readonly leases: readonly Lease[];
  readonly running: RunningReleases;
  readonly allowsDisruption: boolean;
}

/** Why what is left must stay; none where it may go. */
export function findV2Users(given: ForgetCase): readonly Obstacle[] {
  const { key, isReplaced, running } = given;
  const hosts = Object.entries(running).flatMap(([host, release]) => describeUse(host, release));
  const holders = given.allowsDisruption ? [] : foreignLeases(given).map(describeLease);
  const reasons = [
    ...(isReplaced ? [] : ["v3 has no configuration yet"]),
    ...(hosts.length === 0 ? [] : [hosts.join(", ")]),
    ...(holders.length === 0
      ? []
      : [
          `without a lease in v3 are ${holders.join(", ")} (allow_disruptive: true if they are gone)`,
        ]),
  ];
  if (reasons.length === 0) return [];
  const message = `forget_v2: ${key}: what is in etcd's v2 store is still needed: ${reasons.join("; ")}`;
  return [{ code: "refused", message, lasting: true }];
}

function describeUse(host: string, release: unknown): readonly string[] {
  if (release === null || release === "") return [];
  try {
    const told = typeof release === "string" ? release : "";
    const version = parseVersion(told, "running");
    return etcdApiOf(version) === "v3" ? [] : [`${host} runs ${told}, which reads v2`];
  } catch {
    return [`nobody knows what ${host} runs`];
  }
}

/** Leases in v2 that have not ended, of holders that have none in v3. */
function foreignLeases({ remains, leases }: ForgetCase): readonly Lease[] {
  const crossed = new Set(leases.map(({ publicIp }) => publicIp));
  return remains.entries.flatMap((entry) => {
    const lease = tryParseLease(entry);
    return lease === undefined || crossed.has(lease.publicIp) ? [] : [lease];
  });
}
