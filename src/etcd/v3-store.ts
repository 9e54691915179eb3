// etcd's v3 API as a guarded key-value store.

import { ModuleError } from "../base/errors";
import {
  type EtcdStore,
  type StoreOrigin,
  type StoredEntry,
  type StoredValue,
  type WriteAnswer,
} from "./store";
import {
  type GuardedWrite,
  type KeyValue,
  type V3Transport,
  TransportRefusedError,
} from "./v3-transport";

/** Opens a transport; called only when it is needed. */
export type TransportOpener = () => V3Transport;

const MAX_PARALLEL_LEASES = 16;
/** etcdctl tells of one lease in one process, and hundreds of those would outlast the task. */
const MAX_COSTLY_LEASES = 50;

export class V3Store implements EtcdStore {
  readonly api = "v3";
  #transport: V3Transport | undefined;
  readonly #openers: TransportOpener[];
  readonly #refusals: TransportRefusedError[] = [];

  /** `openers`: the transports to use, the next when one is refused for good. */
  constructor(openers: readonly TransportOpener[]) {
    this.#openers = [...openers];
  }

  get origin(): StoreOrigin {
    return (
      this.#transport?.origin ?? { endpoint: "", etcdVersion: undefined, transport: "gateway" }
    );
  }

  async read(key: string): Promise<StoredValue | undefined> {
    const [found] = await this.#use((transport) => transport.range(key, { prefix: false }));
    return found === undefined ? undefined : { value: found.value, revision: found.modRevision };
  }

  async list(
    folder: string,
    { lifetimes }: { readonly lifetimes: boolean },
  ): Promise<readonly StoredEntry[]> {
    const found = await this.#use((transport) => transport.range(folder, { prefix: true }));
    const isCostly = this.#transport?.isCostly === true;
    const limit = !isCostly ? Infinity : lifetimes ? MAX_COSTLY_LEASES : 0;
    const leases = [...new Set(found.map(({ lease }) => lease))].filter((lease) => lease !== "0");
    const seconds = await this.#timesToLive(leases.slice(0, limit));
    return found.map((entry) => entryOf(entry, seconds.get(entry.lease)));
  }

  create(key: string, value: string): Promise<WriteAnswer> {
    return this.#write({ key, value, ifRevision: 0 });
  }

  replace(key: string, value: string, revision: number): Promise<WriteAnswer> {
    return this.#write({ key, value, ifRevision: revision });
  }

  remove(key: string, revision: number): Promise<WriteAnswer> {
    return this.#write({ key, value: undefined, ifRevision: revision });
  }

  async #timesToLive(leases: readonly string[]): Promise<ReadonlyMap<string, number | undefined>> {
    const seconds = new Map<string, number | undefined>();
    for (let start = 0; start < leases.length; start += MAX_PARALLEL_LEASES) {
      const batch = leases.slice(start, start + MAX_PARALLEL_LEASES);
      const ask = (lease: string) => this.#use((transport) => transport.timeToLive(lease));
      const answers = await Promise.all(batch.map(ask));
      batch.forEach((lease, index) => seconds.set(lease, answers[index]));
    }
    return seconds;
  }

  async #write(write: GuardedWrite): Promise<WriteAnswer> {
    const { succeeded, revision } = await this.#use((transport) => transport.transact(write));
    return succeeded ? { outcome: "done", revision } : { outcome: "conflict" };
  }

  async #use<T>(request: (transport: V3Transport) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.#transport ??= this.#openNext();
        return await request(this.#transport);
      } catch (error) {
        if (!(error instanceof TransportRefusedError)) throw error;
        this.#refusals.push(error);
        this.#transport = undefined;
      }
    }
  }

  #openNext(): V3Transport {
    const opener = this.#openers.shift();
    if (opener !== undefined) return opener();
    const reasons = this.#refusals.map(({ message }) => message);
    throw new ModuleError("unsupported", `etcd's v3 API cannot be used: ${reasons.join("; ")}`, {
      cause: this.#refusals.at(-1),
    });
  }
}

function entryOf(
  { key, value, modRevision }: KeyValue,
  ttlSeconds: number | undefined,
): StoredEntry {
  return { key, value, revision: modRevision, ttlSeconds };
}
