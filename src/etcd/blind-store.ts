// Stands in for etcd in check mode on a host that does not have its TLS files yet: an earlier task,
// which check mode only predicted, would have put them there.

import { existsSync } from "node:fs";

import { type EtcdApi } from "../flannel/etcd-layout";
import { type EtcdStore, type FolderStore } from "./store";
import { type Survey } from "./survey";
import { type TlsFiles } from "./tls";

/** The first of the given files that does not exist; undefined when all do. */
export function findMissingFile({ caFile, certFile, keyFile }: TlsFiles): string | undefined {
  return [caFile, certFile, keyFile].find((path) => path !== undefined && !existsSync(path));
}

/** Knows of no cluster. */
export const blindSurvey: Pick<Survey, "begun" | "result"> = {
  begun: () => Promise.resolve({ sights: [], members: undefined }),
  result: () => Promise.resolve(undefined),
};

/** A store that knows of nothing; it is never written to, for check mode applies no plan. */
export function blindStore(api: EtcdApi): EtcdStore {
  const refuse = (): Promise<never> => Promise.reject(new Error("check mode writes nothing"));
  return {
    api,
    origin: { endpoint: "", etcdVersion: undefined, transport: "http" },
    read: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    create: refuse,
    replace: refuse,
    remove: refuse,
  };
}

/** The same for what may be left in the v2 store. */
export function blindFolders(): FolderStore {
  const removeFolder = (): Promise<never> => Promise.reject(new Error("check mode writes nothing"));
  return { ...blindStore("v2"), tree: () => Promise.resolve(undefined), removeFolder };
}
