// The few v3 requests this project makes, apart from how they travel.

import { type StoreOrigin } from "./store";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
  /** The etcd lease the key hangs on, in decimal; "0" for none. */
  readonly lease: string;
}

/** A transaction: if the key is at this revision (0: does not exist), write or remove it. */
export interface GuardedWrite {
  readonly key: string;
  readonly ifRevision: number;
  /** Undefined: remove the key. */
  readonly value: string | undefined;
}

export interface TransactionAnswer {
  readonly succeeded: boolean;
  readonly revision: number;
}

export interface V3Transport {
  readonly origin: StoreOrigin;
  /** The key itself, or with `prefix` all keys that begin with it. */
  range(key: string, options: { readonly prefix: boolean }): Promise<readonly KeyValue[]>;
  transact(write: GuardedWrite): Promise<TransactionAnswer>;
  /** Seconds until the etcd lease ends; undefined when it is gone. */
  timeToLive(lease: string): Promise<number | undefined>;
}

/** Thrown by a transport that will never work against this etcd, though another one may. */
export class TransportRefusedError extends Error {
  override readonly name = "TransportRefusedError";
}
