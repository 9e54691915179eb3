// What the module needs of etcd, whichever API and transport is behind it.

import { type EtcdApi } from "../flannel/etcd-layout";

export interface StoredValue {
  readonly value: string;
  /** v3: mod_revision; v2: modifiedIndex. The guard of the next write. */
  readonly revision: number;
}

export interface StoredEntry extends StoredValue {
  readonly key: string;
  /** Seconds until etcd removes it; undefined where it stays, or where nobody has asked. */
  readonly ttlSeconds: number | undefined;
}

/** `conflict`: the guard did not hold, nothing was written. */
export type WriteAnswer =
  { readonly outcome: "done"; readonly revision: number } | { readonly outcome: "conflict" };

/** The etcd user, for clusters with authentication on. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type Transport = "http" | "gateway" | "etcdctl";

/** Who answered. */
export interface StoreOrigin {
  readonly endpoint: string;
  readonly etcdVersion: string | undefined;
  readonly transport: Transport;
}

/** A folder of v2 with all below it. */
export interface V2Tree {
  readonly entries: readonly StoredEntry[];
  /** Itself and all below, the deepest first. */
  readonly folders: readonly string[];
}

/**
 * A guarded key-value store. Reads are linearizable. Every method throws ModuleError; the three
 * writes also throw LostAnswerError when nobody can know whether they were carried out.
 */
export interface EtcdStore {
  readonly api: EtcdApi;
  /** Describes the last answer. */
  readonly origin: StoreOrigin;
  read(key: string): Promise<StoredValue | undefined>;
  /**
   * The children of a folder, v3: all keys that begin with its name, as flannel lists them. `lifetimes`:
   * when each of them ends, also where asking that costs a process for each.
   */
  list(folder: string, wants: { readonly lifetimes: boolean }): Promise<readonly StoredEntry[]>;
  /** Writes the key if it does not exist. */
  create(key: string, value: string): Promise<WriteAnswer>;
  /** Writes the key if it is still at this revision. */
  replace(key: string, value: string, revision: number): Promise<WriteAnswer>;
  /** Removes the key if it is still at this revision. */
  remove(key: string, revision: number): Promise<WriteAnswer>;
  /**
   * v2: removes the key unguarded, because a guarded removal is another event there (compareAndDelete), which
   * flannel does not understand. In v3 there is one kind of removal.
   */
  expel?(key: string): Promise<void>;
}

/** v2 alone has folders, which stay when they are empty. */
export interface FolderStore extends EtcdStore {
  /** Undefined where there is none. */
  tree(folder: string): Promise<V2Tree | undefined>;
  /** Removes the folder if it is empty; nothing happens to one that is not, or is gone. */
  removeFolder(folder: string): Promise<void>;
}
