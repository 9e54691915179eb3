// A write whose answer may be lost: reading tells what became of it.

import { ModuleError, StaleObservationError, messageOf } from "../base/errors";
import { LostAnswerError } from "./endpoint-error";
import { type EtcdStore, type StoredValue, type WriteAnswer } from "./store";

/** What a key holds and what it shall hold; undefined: nothing. */
export interface KeyChange {
  readonly key: string;
  readonly before: StoredValue | undefined;
  readonly after: string | undefined;
}

/** Repeating is safe because of the guard, but a write lost this often is not going to arrive. */
const MAX_WRITES = 4;

/**
 * Makes the change if the key is still as in `before`; returns the new revision (0 for a removed
 * key). Throws StaleObservationError when someone else changed the key, `network` when the
 * answer was lost again and again and the key is unchanged, and says so where nothing tells what became of it.
 */
export async function changeKey(store: EtcdStore, change: KeyChange): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    let lost: LostAnswerError | undefined;
    try {
      const answer = await send(store, change);
      if (answer.outcome === "done") return change.after === undefined ? 0 : answer.revision;
      // A conflict after a lost answer may be with our own, late write.
      if (attempt === 1) throw staleError(change.key);
    } catch (error) {
      if (!(error instanceof LostAnswerError)) throw error;
      lost = error;
    }
    const now = await store.read(change.key).catch((error: unknown) => {
      throw unknownFate(change.key, error);
    });
    if (now?.value === change.after) return now?.revision ?? 0;
    if (now?.revision !== change.before?.revision) throw staleError(change.key);
    if (attempt === MAX_WRITES) throw lostError(change.key, lost);
  }
}

function send(store: EtcdStore, { key, before, after }: KeyChange): Promise<WriteAnswer> {
  if (before === undefined) return store.create(key, after ?? "");
  return after === undefined
    ? store.remove(key, before.revision)
    : store.replace(key, after, before.revision);
}

function staleError(key: string): StaleObservationError {
  return new StaleObservationError(
    "conflict",
    `${key}: someone else kept changing it while this task ran; find out who writes it`,
  );
}

/** The write was sent, and etcd cannot be asked any more. */
function unknownFate(key: string, cause: unknown): unknown {
  if (!(cause instanceof ModuleError)) return cause;
  const { code, message, result } = cause;
  const told = `${message}\n  ${key}: a write was sent before this and may have taken effect`;
  return new ModuleError(code, told, { cause, result });
}

function lostError(key: string, cause: unknown): ModuleError {
  return new ModuleError(
    "network",
    `${key}: ${MAX_WRITES} writes were sent, no answer came and the key is unchanged (the last one: ${messageOf(cause)}); is something between here and etcd cutting connections?`,
    { cause },
  );
}
