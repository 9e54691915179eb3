// What an endpoint says about itself before the first real request.

import { tryParseJson, tryParseRecord } from "../base/json";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type HttpClient, type HttpResponse } from "./http-client";
import { type StoreOrigin, type Transport } from "./store";

/** A server that cannot say its version this fast is not going to serve anything. */
const PROBE_LIMIT_MS = 5_000;

/** Remembers the version of each member, so that each is asked once. */
export class Members {
  readonly #versions = new Map<string, string>();
  readonly #clientPorts = new Set<string>();

  constructor(private readonly client: HttpClient) {}

  /** The version of whoever was asked first. */
  get anyVersion(): string | undefined {
    const [version] = this.#versions.values();
    return version;
  }

  /** "3.4.23". Throws EndpointError when the endpoint is not etcd. */
  async versionOf(endpoint: Endpoint, timeoutMs: number): Promise<string> {
    const known = this.#versions.get(endpoint.url);
    if (known !== undefined) return known;
    const version = parseVersion(await this.#probe(endpoint, timeoutMs));
    this.#versions.set(endpoint.url, version);
    return version;
  }

  /**
   * What is wrong with a port that answers like an etcd and serves no keys; undefined where nothing is
   * known. Members speak HTTP to each other, and tell their versions there as well.
   */
  async faultOfPort(endpoint: Endpoint, timeoutMs: number): Promise<EndpointError | undefined> {
    if (this.#clientPorts.has(endpoint.url)) return undefined;
    const limit = Math.min(PROBE_LIMIT_MS, timeoutMs);
    const request = { method: "GET", path: "/members" } as const;
    const { status, body } = await this.client.request(endpoint, request, limit);
    if (status === 200 && Array.isArray(tryParseJson(body))) return peerPortError(endpoint);
    this.#clientPorts.add(endpoint.url);
    return undefined;
  }

  /** Who answered; the version if the endpoint was asked for it before. */
  originOf({ url }: Endpoint, transport: Transport): StoreOrigin {
    return { endpoint: url, etcdVersion: this.#versions.get(url), transport };
  }

  async #probe(endpoint: Endpoint, timeoutMs: number): Promise<HttpResponse> {
    const request = { method: "GET", path: "/version" } as const;
    const ask = (): Promise<HttpResponse> =>
      this.client.request(endpoint, request, timeoutMs, PROBE_LIMIT_MS);
    try {
      return await ask().catch((error: unknown) => {
        // Once may be bad luck; who cuts every answer speaks something else.
        if (isCut(error)) return ask();
        throw error;
      });
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      // Asking for the version changes nothing and needs no leader: neither lost nor transient.
      if (endpoint.secure || !isCut(error)) {
        const { code, isForeign } = error;
        throw new EndpointError(error.message, { code, isForeign, cause: error });
      }
      throw new EndpointError("cut without an answer, is it https:// instead of http://?", {
        code: "tls",
        cause: error,
      });
    }
  }
}

function isCut(error: unknown): error is EndpointError {
  return error instanceof EndpointError && error.sent && error.code === "network";
}

/** True if `version` ("3.4.23") is at least `major.minor`. */
export function isEtcdAtLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function peerPortError({ port }: Endpoint): EndpointError {
  const told = `port ${port} is etcd's peer port, by which its members talk to each other`;
  const usual = port === 2380 ? "2379 instead of 2380" : "usually 2379";
  return new EndpointError(`${told}, give the client port (${usual})`, {
    code: "unsupported",
    told: true,
  });
}

function parseVersion({ status, body }: HttpResponse): string {
  const version = tryParseRecord(body)?.["etcdserver"];
  if (status === 200 && typeof version === "string") return version;
  if (/HTTP request to an HTTPS server/i.test(body)) {
    throw new EndpointError("it is a TLS server, use https:// instead of http://", { code: "tls" });
  }
  throw new EndpointError(`not etcd: /version answered HTTP ${status}, expected etcd's version`, {
    code: "network",
  });
}
