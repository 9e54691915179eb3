// The few v3 requests this project makes, apart from how they travel.

import { isRecord } from "../base/json";
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
  /** Whether each request is a process of its own. */
  readonly isCostly: boolean;
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

type Json = Readonly<Record<string, unknown>>;

/** The pairs in a RangeResponse as JSON: gateway and etcdctl print the same. */
export function readKeyValues(response: Json): readonly KeyValue[] {
  const found = response["kvs"];
  return Array.isArray(found) ? found.filter(isRecord).map(readKeyValue) : [];
}

/** The verdict in a TxnResponse as JSON. */
export function readTransaction(response: Json): TransactionAnswer {
  const header = isRecord(response["header"]) ? response["header"] : {};
  return { succeeded: response["succeeded"] === true, revision: Number(header["revision"]) };
}

function readKeyValue(raw: Json): KeyValue {
  return {
    key: decode(raw["key"]),
    value: decode(raw["value"]),
    modRevision: Number(raw["mod_revision"]),
    lease: typeof raw["lease"] === "string" ? raw["lease"] : "0",
  };
}

/** Keys and values are in base64; empty fields are left out. */
function decode(value: unknown): string {
  return typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") : "";
}
