// etcd's v2 API over /v2/keys.

import { ModuleError } from "../base/errors";
import { tryParseRecord } from "../base/json";
import { type Endpoint } from "./endpoint";
import { type Failover } from "./failover";
import { type HttpClient, type HttpRequest } from "./http-client";
import { type Members } from "./members";
import {
  type Credentials,
  type FolderStore,
  type StoreOrigin,
  type StoredEntry,
  type StoredValue,
  type V2Tree,
  type WriteAnswer,
} from "./store";
import { type Answer, type Node, entriesOf, noV2, nodesBelow, readAnswer } from "./v2-answers";

/** etcd's own error codes (v2/errors in its source). */
const KEY_NOT_FOUND = 100;
const COMPARE_FAILED = 101;
const NOT_A_FOLDER = 104;
const KEY_EXISTS = 105;
const FOLDER_NOT_EMPTY = 108;

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
    return readAnswer(response, endpoint, this.credentials !== undefined);
  }
}

function basicAuthOf(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (credentials === undefined) return {};
  const pair = `${credentials.username}:${credentials.password}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
