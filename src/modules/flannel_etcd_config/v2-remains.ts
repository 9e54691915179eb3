// What a flannel that read etcd's v2 store has left there: etcd 3.6 does not start from it.

import { posix } from "node:path";

import { ModuleError } from "../../base/errors";
import { isEtcdAtLeast } from "../../etcd/members";
import { type FolderStore, type StoredEntry } from "../../etcd/store";
import { configKeyOf, subnetsKeyOf } from "../../flannel/etcd-layout";

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
