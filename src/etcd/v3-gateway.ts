// etcd's v3 API through its JSON gateway: gRPC messages as JSON, keys and values in base64.

import { tryParseRecord } from "../base/json";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type Failover } from "./failover";
import { type HttpClient, type HttpResponse } from "./http-client";
import { type Members, isEtcdAtLeast } from "./members";
import { type Credentials, type StoreOrigin } from "./store";
import { translateRefusal } from "./v3-refusals";
import {
  type GuardedWrite,
  type KeyValue,
  type TransactionAnswer,
  type V3Transport,
  TransportRefusedError,
  readKeyValues,
  readTransaction,
} from "./v3-transport";

type Json = Readonly<Record<string, unknown>>;

export class V3Gateway implements V3Transport {
  readonly isCostly = false;
  readonly #tokens = new Map<string, string>();
  #authenticationOff = false;
  #hasWorked = false;

  constructor(
    private readonly client: HttpClient,
    private readonly failover: Failover,
    private readonly members: Members,
    private readonly credentials: Credentials | undefined,
  ) {}

  get origin(): StoreOrigin {
    return this.members.originOf(this.failover.current, "gateway");
  }

  async range(key: string, { prefix }: { readonly prefix: boolean }): Promise<readonly KeyValue[]> {
    const end = prefix ? { range_end: toBase64(endOfPrefix(key)) } : {};
    return readKeyValues(await this.#call("/kv/range", { key: toBase64(key), ...end }, true));
  }

  async transact({ key, ifRevision, value }: GuardedWrite): Promise<TransactionAnswer> {
    const encoded = toBase64(key);
    const operation =
      value === undefined
        ? { request_delete_range: { key: encoded } }
        : { request_put: { key: encoded, value: toBase64(value) } };
    const body = {
      compare: [{ key: encoded, target: "MOD", result: "EQUAL", mod_revision: String(ifRevision) }],
      success: [operation],
    };
    return readTransaction(await this.#call("/kv/txn", body, false));
  }

  async timeToLive(lease: string): Promise<number | undefined> {
    const answer = await this.#call("/kv/lease/timetolive", { ID: lease }, true);
    // A lease that is gone has TTL -1.
    const seconds = Number(answer["TTL"] ?? 0);
    return seconds < 0 ? undefined : seconds;
  }

  #call(path: string, body: Json, repeatable: boolean): Promise<Json> {
    return this.failover.run(
      async (endpoint, timeoutMs) => {
        const answer = await this.#attempt(endpoint, path, body, timeoutMs);
        if (!isTokenRefused(answer)) return this.#interpret(answer, endpoint);
        // Tokens expire after 5 minutes and when the member restarts.
        this.#tokens.delete(endpoint.url);
        return this.#interpret(await this.#attempt(endpoint, path, body, timeoutMs), endpoint);
      },
      { repeatable },
    );
  }

  #interpret(response: HttpResponse, { url: where }: Endpoint): Json {
    const parsed = tryParseRecord(response.body);
    if (response.status === 200 && parsed !== undefined) {
      this.#hasWorked = true;
      return parsed;
    }
    if (isNotFound(response)) {
      throw new TransportRefusedError(
        `${where}: its JSON gateway is off (--enable-grpc-gateway=false)`,
      );
    }
    const withCredentials = this.credentials !== undefined;
    const answered = isAnswer(response);
    const error = translateRefusal(reasonOf(response), { where, withCredentials, answered });
    if (!(error instanceof TransportRefusedError) || !this.#hasWorked) throw error;
    // What has worked before was not refused, it has broken down.
    throw new EndpointError(error.message, { code: "network", transient: true, sent: true });
  }

  async #attempt(
    endpoint: Endpoint,
    path: string,
    body: Json,
    timeoutMs: number,
  ): Promise<HttpResponse> {
    const version = await this.members.versionOf(endpoint, timeoutMs);
    const token = await this.#tokenFor(endpoint, version, timeoutMs);
    const headers = token === undefined ? {} : { authorization: token };
    const response = await this.#post(endpoint, version, path, body, headers, timeoutMs);
    const fault = isNotFound(response)
      ? await this.members.faultOfPort(endpoint, timeoutMs)
      : undefined;
    if (fault !== undefined) throw fault;
    return response;
  }

  async #tokenFor(
    endpoint: Endpoint,
    version: string,
    timeoutMs: number,
  ): Promise<string | undefined> {
    if (this.credentials === undefined || this.#authenticationOff) return undefined;
    const known = this.#tokens.get(endpoint.url);
    if (known !== undefined) return known;
    const { username, password } = this.credentials;
    const body = { name: username, password };
    const response = await this.#post(endpoint, version, "/auth/authenticate", body, {}, timeoutMs);
    if (reasonOf(response).includes("authentication is not enabled")) {
      this.#authenticationOff = true; // flannel's own client goes on without, too
      return undefined;
    }
    const token = this.#interpret(response, endpoint)["token"];
    if (typeof token === "string") this.#tokens.set(endpoint.url, token);
    return typeof token === "string" ? token : undefined;
  }

  #post(
    endpoint: Endpoint,
    version: string,
    path: string,
    body: Json,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<HttpResponse> {
    return this.client.request(
      endpoint,
      {
        method: "POST",
        path: `${gatewayPathOf(version)}${path}`,
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      },
      timeoutMs,
    );
  }
}

/** Where the gateway of this etcd version lives. */
export function gatewayPathOf(version: string): string {
  if (isEtcdAtLeast(version, 3, 4)) return "/v3";
  return isEtcdAtLeast(version, 3, 3) ? "/v3beta" : "/v3alpha";
}

/** The first key behind all keys that begin with `prefix`. */
export function endOfPrefix(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  for (let last = bytes.length - 1; last >= 0; last--) {
    const byte = bytes[last] ?? 0;
    if (byte === 0xff) continue;
    bytes[last] = byte + 1;
    return bytes.subarray(0, last + 1);
  }
  return Buffer.from([0]); // "to the end of all keys"
}

/** There is nothing of this kind, not even an error of etcd's. */
function isNotFound({ status, body }: HttpResponse): boolean {
  return status === 404 && tryParseRecord(body) === undefined;
}

/** Codes of gRPC by which the server has looked at a request and not carried it out. */
const ANSWERS = [3, 5, 7, 8, 9, 11, 12, 16];

/** Whether this is a no: of etcd, or of whatever stands before it. */
function isAnswer({ status, body }: HttpResponse): boolean {
  const code = tryParseRecord(body)?.["code"];
  return (status >= 400 && status < 500) || (typeof code === "number" && ANSWERS.includes(code));
}

function isTokenRefused(response: HttpResponse): boolean {
  return response.status !== 200 && /invalid auth token|auth revision/.test(reasonOf(response));
}

function reasonOf({ status, body }: HttpResponse): string {
  const parsed = tryParseRecord(body);
  const reason = parsed?.["error"] ?? parsed?.["message"];
  if (typeof reason === "string") return reason;
  return parsed === undefined && body !== "" ? body.trim().slice(0, 200) : `HTTP ${status}`;
}

function toBase64(text: string | Buffer): string {
  return Buffer.from(text as string).toString("base64");
}
