// What etcd's v2 API answers, read: a node of the tree, an error code of etcd's, or a refusal.

import { ModuleError } from "../base/errors";
import { isRecord, tryParseRecord } from "../base/json";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type HttpResponse } from "./http-client";
import { isEtcdAtLeast } from "./members";
import { type StoredEntry } from "./store";

/** A key or folder, with what is below. */
export interface Node {
  readonly key: string;
  readonly value: string | undefined;
  readonly modifiedIndex: number;
  readonly ttl: number | undefined;
  readonly isFolder: boolean;
  readonly nodes: readonly Node[];
}

/** What was found or done, or etcd's own code for why not. */
export type Answer =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "error"; readonly errorCode: number };

/** Reads an answer. Throws ModuleError where this user may not, EndpointError where another endpoint may do better. */
export function readAnswer(
  { status, body }: HttpResponse,
  endpoint: Endpoint,
  withCredentials: boolean,
): Answer {
  const parsed = tryParseRecord(body);
  const errorCode = Number(parsed?.["errorCode"] ?? NaN);
  if (status === 401 || status === 403 || errorCode === 110) {
    throw describeRefusal(endpoint, status, withCredentials);
  }
  const node = isRecord(parsed?.["node"]) ? readNode(parsed["node"]) : undefined;
  if (status < 300 && node !== undefined) return { kind: "node", node };
  // 300 to 399: raft is busy or elects; the fate of a write is unknown.
  if (status >= 500 || (errorCode >= 300 && errorCode < 400)) {
    const reason = typeof parsed?.["message"] === "string" ? parsed["message"] : `HTTP ${status}`;
    throw new EndpointError(`etcd is not ready: ${reason}`, {
      code: "network",
      transient: true,
      sent: true,
      told: true,
    });
  }
  if (!Number.isNaN(errorCode)) return { kind: "error", errorCode };
  throw new EndpointError(`not etcd's v2 API: it answered HTTP ${status}`, { code: "network" });
}

function describeRefusal(
  endpoint: Endpoint,
  status: number,
  withCredentials: boolean,
): ModuleError {
  return withCredentials
    ? new ModuleError(
        "permission",
        `etcd ${endpoint.url}: HTTP ${status}: wrong username or password, or this user may not access the key; check its roles`,
      )
    : new ModuleError(
        "auth",
        `etcd ${endpoint.url}: HTTP ${status}: authentication is on and guests may not access the key, give username and password`,
      );
}

/** An etcd that does not serve the API. */
export function noV2(version: string): EndpointError {
  const state = isEtcdAtLeast(version, 3, 6) ? "gone (etcd 3.6 removed it)" : "off";
  return new EndpointError(`etcd ${version} answered, but its v2 API is ${state}`, {
    code: "unsupported",
    advice:
      "flannel before v0.18.0 reads etcd's v2 API only; two ways out: " +
      "start an etcd up to 3.5 with --enable-v2=true, or use flannel v0.18.0 or newer, which reads v3",
  });
}

function readNode(raw: Readonly<Record<string, unknown>>): Node {
  const { key, value, modifiedIndex, ttl, nodes } = raw;
  return {
    key: typeof key === "string" ? key : "",
    value: typeof value === "string" && raw["dir"] !== true ? value : undefined,
    modifiedIndex: typeof modifiedIndex === "number" ? modifiedIndex : 0,
    ttl: typeof ttl === "number" ? ttl : undefined,
    isFolder: raw["dir"] === true,
    nodes: Array.isArray(nodes) ? nodes.filter(isRecord).map(readNode) : [],
  };
}

/** The node itself, if it has a value. */
export function entriesOf({ key, value, modifiedIndex, ttl }: Node): readonly StoredEntry[] {
  return value === undefined ? [] : [{ key, value, revision: modifiedIndex, ttlSeconds: ttl }];
}

/** A folder before what is in it. */
export function nodesBelow(node: Node): readonly Node[] {
  return [node, ...node.nodes.flatMap(nodesBelow)];
}
