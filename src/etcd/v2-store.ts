// etcd's v2 API over /v2/keys.

import { ModuleError } from "../base/errors";
import { isRecord, tryParseRecord } from "../base/json";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type Failover } from "./failover";
import { type HttpClient, type HttpRequest, type HttpResponse } from "./http-client";
import { type Members, isEtcdAtLeast } from "./members";
import {
  type Credentials,
  type FolderStore,
  type StoreOrigin,
  type StoredEntry,
  type StoredValue,
  type V2Tree,
  type WriteAnswer,
} from "./store";

/** etcd's own error codes (v2/errors in its source). */
const KEY_NOT_FOUND = 100;
const COMPARE_FAILED = 101;
const NOT_A_FOLDER = 104;
const KEY_EXISTS = 105;
const FOLDER_NOT_EMPTY = 108;

interface Node {
  readonly key: string;
  readonly value: string | undefined;
  readonly modifiedIndex: number;
  readonly ttl: number | undefined;
  readonly isFolder: boolean;
  readonly nodes: readonly Node[];
}

type Answer =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "error"; readonly errorCode: number };

/**
 * A read through raft (`quorum=true`) leaves an entry in etcd's log, with which etcd 3.6 does not start.
 * `traceless`: never read so, a look of a member at itself will do; `in-use`: only once there is something.
 */
export type V2Reads = "in-use" | "traceless";

export class V2Store implements FolderStore {
  readonly api = "v2";
  /** Whether this store has been seen to hold anything, or was written to. */
  #isInUse = false;

  constructor(
    private readonly client: HttpClient,
    private readonly failover: Failover,
    private readonly members: Members,
    private readonly credentials: Credentials | undefined,
    private readonly reads: V2Reads,
  ) {}

  get origin(): StoreOrigin {
    return this.members.originOf(this.failover.current, "http");
  }

  async read(key: string): Promise<StoredValue | undefined> {
    const node = await this.#find(key);
    if (node === undefined) return undefined;
    const { value, modifiedIndex } = node;
    if (value !== undefined) return { value, revision: modifiedIndex };
    throw new ModuleError(
      "conflict",
      `${key}: is a folder in etcd, expected a value; check prefix`,
    );
  }

  async list(folder: string): Promise<readonly StoredEntry[]> {
    return ((await this.#find(folder))?.nodes ?? []).flatMap(entriesOf);
  }

  async tree(folder: string): Promise<V2Tree | undefined> {
    const node = await this.#get(folder, "?recursive=true");
    if (node?.isFolder !== true) return undefined;
    const all = nodesBelow(node);
    return {
      entries: all.flatMap(entriesOf),
      folders: all.flatMap(({ isFolder, key }) => (isFolder ? [key] : [])).reverse(),
    };
  }

  async removeFolder(folder: string): Promise<void> {
    const answer = await this.#send("DELETE", folder, "?dir=true", undefined, true);
    if (answer.kind === "node") return;
    this.#expect(answer.errorCode, [KEY_NOT_FOUND, NOT_A_FOLDER, FOLDER_NOT_EMPTY]);
  }

  create(key: string, value: string): Promise<WriteAnswer> {
    return this.#write("PUT", key, "?prevExist=false", value);
  }

  replace(key: string, value: string, revision: number): Promise<WriteAnswer> {
    return this.#write("PUT", key, `?prevIndex=${revision}`, value);
  }

  remove(key: string, revision: number): Promise<WriteAnswer> {
    return this.#write("DELETE", key, `?prevIndex=${revision}`, undefined);
  }

  /** Linearizable where that leaves no trace in a store that is not in use. */
  async #find(key: string): Promise<Node | undefined> {
    if (!this.#isInUse) {
      const found = await this.#get(key, "");
      if (found === undefined || this.reads === "traceless") return found;
      this.#isInUse = true;
    }
    return this.#get(key, "?quorum=true");
  }

  async #get(key: string, query: string): Promise<Node | undefined> {
    const answer = await this.#send("GET", key, query, undefined, true);
    if (answer.kind === "node") return answer.node;
    this.#expect(answer.errorCode, [KEY_NOT_FOUND]);
    return undefined;
  }

  async expel(key: string): Promise<void> {
    const answer = await this.#send("DELETE", key, "", undefined, true);
    if (answer.kind === "error") this.#expect(answer.errorCode, [KEY_NOT_FOUND]);
  }

  async #write(
    method: "PUT" | "DELETE",
    key: string,
    query: string,
    value: string | undefined,
  ): Promise<WriteAnswer> {
    this.#isInUse = this.reads === "in-use";
    const answer = await this.#send(method, key, query, value, false);
    if (answer.kind === "node") return { outcome: "done", revision: answer.node.modifiedIndex };
    this.#expect(answer.errorCode, [KEY_NOT_FOUND, COMPARE_FAILED, KEY_EXISTS]);
    return { outcome: "conflict" };
  }

  #expect(errorCode: number, expected: readonly number[]): void {
    if (expected.includes(errorCode)) return;
    throw new ModuleError(
      "unsupported",
      `etcd ${this.origin.endpoint}: refused the request with v2 error ${errorCode}`,
    );
  }

  #send(
    method: HttpRequest["method"],
    key: string,
    query: string,
    value: string | undefined,
    repeatable: boolean,
  ): Promise<Answer> {
    const request: HttpRequest = {
      method,
      path: `/v2/keys${key.split("/").map(encodeURIComponent).join("/")}${query}`,
      headers: {
        ...(value === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...basicAuthOf(this.credentials),
      },
      ...(value === undefined ? {} : { body: new URLSearchParams({ value }).toString() }),
    };
    return this.failover.run((endpoint, timeoutMs) => this.#attempt(endpoint, request, timeoutMs), {
      repeatable,
    });
  }

  async #attempt(endpoint: Endpoint, request: HttpRequest, timeoutMs: number): Promise<Answer> {
    const version = await this.members.versionOf(endpoint, timeoutMs);
    const response = await this.client.request(endpoint, request, timeoutMs);
    if (response.status === 404 && tryParseRecord(response.body) === undefined) {
      throw (await this.members.faultOfPort(endpoint, timeoutMs)) ?? noV2(version);
    }
    return interpret(response, endpoint, this.credentials !== undefined);
  }
}

function basicAuthOf(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (credentials === undefined) return {};
  const pair = `${credentials.username}:${credentials.password}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function interpret(
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
        `etcd ${endpoint.url}: HTTP ${status}: wrong username or password, or this user may not use the key; check its roles`,
      )
    : new ModuleError(
        "auth",
        `etcd ${endpoint.url}: HTTP ${status}: authentication is on and guests may not use the key, give username and password`,
      );
}

function noV2(version: string): EndpointError {
  const state = isEtcdAtLeast(version, 3, 6) ? "gone since etcd 3.6" : "off";
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

function entriesOf({ key, value, modifiedIndex, ttl }: Node): readonly StoredEntry[] {
  return value === undefined ? [] : [{ key, value, revision: modifiedIndex, ttlSeconds: ttl }];
}

/** A folder before what is in it. */
function nodesBelow(node: Node): readonly Node[] {
  return [node, ...node.nodes.flatMap(nodesBelow)];
}
