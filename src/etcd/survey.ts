// Asks each endpoint once who it is, beside the real work: neither a dead member nor a gateway that is
// off keeps a task from it.

import { isRecord, tryParseRecord } from "../base/json";
import { messageOf } from "../base/errors";
import { type Deadline } from "../host/deadline";
import { type Cluster, type ListedMember, type MemberStatus, type Sight } from "./cluster";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type HttpClient } from "./http-client";
import { type Members } from "./members";
import { gatewayPathOf } from "./v3-gateway";

/** Enough for TCP, TLS and an answer on a slow link; a silent member costs a run no more. */
const SIGHT_LIMIT_MS = 2_000;
/** The endpoint that does the work is asked on the same connection afterwards, or when it hangs. */
const HANG_MS = 1_000;

export class Survey {
  readonly #first: Endpoint;
  readonly #limitMs: number;
  readonly #sights = new Map<string, Promise<Sight>>();
  readonly #hangTimer: NodeJS.Timeout;

  /** Begins with all endpoints but the first. */
  constructor(
    private readonly client: HttpClient,
    private readonly members: Members,
    private readonly endpoints: readonly [Endpoint, ...Endpoint[]],
    deadline: Deadline,
  ) {
    const [first, ...others] = endpoints;
    this.#first = first;
    this.#limitMs = deadline.shareMs(2, SIGHT_LIMIT_MS);
    for (const endpoint of others) this.#begin(endpoint);
    this.#hangTimer = setTimeout(
      () => {
        this.#begin(first);
      },
      deadline.shareMs(4, HANG_MS),
    );
  }

  /** What all endpoints say, and where `thorough`, which members there are. Never throws. */
  async result({ thorough }: { readonly thorough: boolean }): Promise<Cluster | undefined> {
    clearTimeout(this.#hangTimer);
    this.#begin(this.#first);
    const sights = await this.#seen();
    const answered = sights.find(({ status }) => status !== undefined);
    if (answered === undefined) return undefined;
    return { sights, members: thorough ? await this.#list(answered.endpoint) : undefined };
  }

  /** What is known by now or in a moment, for a task that has failed; nobody is asked any more. */
  async begun(): Promise<Cluster> {
    clearTimeout(this.#hangTimer);
    return { sights: await this.#seen(), members: undefined };
  }

  async #seen(): Promise<readonly Sight[]> {
    return Promise.all(this.endpoints.flatMap(({ url }) => this.#sights.get(url) ?? []));
  }

  #begin(endpoint: Endpoint): void {
    if (this.#sights.has(endpoint.url)) return;
    const sight = this.#ask(endpoint).then(
      (status) => ({ endpoint, status }),
      (error: unknown) => ({ endpoint, fault: messageOf(error) }),
    );
    this.#sights.set(endpoint.url, sight);
  }

  async #ask(endpoint: Endpoint): Promise<MemberStatus> {
    const answer = await this.#post(endpoint, "/maintenance/status");
    const header = isRecord(answer["header"]) ? answer["header"] : {};
    const errors = Array.isArray(answer["errors"]) ? answer["errors"].map(String) : [];
    const leader = textOf(answer["leader"]);
    return {
      clusterId: textOf(header["cluster_id"]),
      memberId: textOf(header["member_id"]),
      version: textOf(answer["version"]),
      leaderId: leader === "" || leader === "0" ? undefined : leader,
      isLearner: answer["isLearner"] === true,
      alarms: errors.flatMap((error) => /alarm:(\w+)/.exec(error)?.[1] ?? []),
    };
  }

  async #list(endpoint: Endpoint): Promise<readonly ListedMember[] | undefined> {
    try {
      const { members } = await this.#post(endpoint, "/cluster/member/list");
      return Array.isArray(members) ? members.filter(isRecord).map(readMember) : undefined;
    } catch {
      return undefined; // a user who may not, a member that is busy: it is only to warn
    }
  }

  /** The gateway's path by the version of any member: those of one cluster hardly differ. */
  async #post(endpoint: Endpoint, path: string): Promise<Readonly<Record<string, unknown>>> {
    const guessed = gatewayPathOf(this.members.anyVersion ?? "3.4");
    const answer = await this.#send(endpoint, `${guessed}${path}`);
    if (answer !== undefined) return answer;
    const fault = await this.members.faultOfPort(endpoint, this.#limitMs);
    if (fault !== undefined) throw fault;
    const version = await this.members.versionOf(endpoint, this.#limitMs);
    const right = await this.#send(endpoint, `${gatewayPathOf(version)}${path}`);
    if (right !== undefined) return right;
    throw new EndpointError("its JSON gateway does not identify itself", { code: "unsupported" });
  }

  async #send(
    endpoint: Endpoint,
    path: string,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const request = {
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: "{}",
    } as const;
    const { status, body } = await this.client.request(endpoint, request, this.#limitMs);
    return status === 200 ? tryParseRecord(body) : undefined;
  }
}

function readMember(raw: Readonly<Record<string, unknown>>): ListedMember {
  const urls = raw["clientURLs"];
  return {
    id: textOf(raw["ID"]),
    name: textOf(raw["name"]),
    clientUrls: Array.isArray(urls) ? urls.map(String) : [],
    isLearner: raw["isLearner"] === true,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
