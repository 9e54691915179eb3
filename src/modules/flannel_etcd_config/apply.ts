// Carries out one change, guarded by the revision that was observed.

import { type Run } from "../../ansible/module";
import { ModuleError, StaleObservationError } from "../../base/errors";
import { changeKey } from "../../etcd/change-key";
import { type EtcdStore, type StoredValue } from "../../etcd/store";
import { type Change, type PurgeChange, describeHolder } from "./changes";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { previousKeyOf } from "./previous";

export interface Outcome {
  /** The revision of the configuration that was written. */
  readonly revision: number | undefined;
  /** Keys of leases that ended before this run could remove them. */
  readonly ended: readonly string[];
}

export const nothing: Outcome = { revision: undefined, ended: [] };

/** A daemon may write its lease once in a while, but not faster than this. */
const MAX_TRIES = 5;

/** Throws StaleObservationError where someone else has changed the configuration. */
export async function apply(
  change: Change,
  outcome: Outcome,
  run: Run<Declared, Observed, Plan>,
): Promise<Outcome> {
  const { store, key, stored: before, previous } = run.observed;
  const kept = { key: previousKeyOf(key), before: previous?.entry };
  switch (change.kind) {
    case "write":
      return { ...outcome, revision: await changeKey(store, { key, before, after: change.value }) };
    case "keep previous":
      await changeKey(store, { ...kept, after: change.value });
      return outcome;
    case "forget previous":
      await changeKey(store, { ...kept, after: undefined });
      return outcome;
    case "remove":
      await changeKey(store, { key, before, after: undefined });
      return outcome;
    case "purge":
      if (await removeLease(store, change)) return outcome;
      run.revoke(change);
      return { ...outcome, ended: [...outcome.ended, change.lease.key] };
    case "reserve": {
      const { entry } = change.lease;
      await changeKey(store, { key: entry.key, before: change.before, after: entry.value });
      return outcome;
    }
    case "forget":
      await changeKey(change.store, {
        key: change.entry.key,
        before: change.entry,
        after: undefined,
      });
      return outcome;
    case "forget folders":
      for (const folder of change.folders) await change.store.removeFolder(folder);
      return outcome;
  }
}

/** Whether this run removed it; false: it was gone. A lease that moved is nobody else's matter. */
async function removeLease(store: EtcdStore, { lease, evicts }: PurgeChange): Promise<boolean> {
  const { key } = lease;
  if (evicts && store.expel !== undefined) {
    await store.expel(key);
    return true;
  }
  let before: StoredValue | undefined = lease.entry;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (await isRemoved(store, key, before)) return true;
    before = await store.read(key);
    if (before === undefined) return false;
  }
  throw new ModuleError(
    "conflict",
    `${key}: the lease ${describeHolder(lease)} was written again at each of ${MAX_TRIES} attempts to remove it, so its daemon is running; stop flanneld on that host, then run this again`,
  );
}

async function isRemoved(store: EtcdStore, key: string, before: StoredValue): Promise<boolean> {
  try {
    await changeKey(store, { key, before, after: undefined });
    return true;
  } catch (error) {
    if (error instanceof StaleObservationError) return false;
    throw error;
  }
}
