// What the endpoints say about the cluster behind them, and what is wrong with that. Pure.

import { ModuleError } from "../base/errors";
import { type Endpoint } from "./endpoint";

/** What a member says about itself; its numbers are in decimal. */
export interface MemberStatus {
  readonly clusterId: string;
  readonly memberId: string;
  readonly version: string;
  /** Undefined where it knows of none: an election, or no majority of the members. */
  readonly leaderId: string | undefined;
  readonly isLearner: boolean;
  /** "NOSPACE", "CORRUPT": of any member. */
  readonly alarms: readonly string[];
}

/** One endpoint, asked once: its status, or why there is none. */
export interface Sight {
  readonly endpoint: Endpoint;
  readonly status?: MemberStatus | undefined;
  readonly fault?: string | undefined;
}

export interface ListedMember {
  readonly id: string;
  /** Empty before the member has started for the first time. */
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Cluster {
  readonly sights: readonly Sight[];
  /** Undefined where nobody was asked. */
  readonly members: readonly ListedMember[] | undefined;
}

/** What is wrong with the cluster; `severe`: whatever is written, flannel suffers from it. */
export interface ClusterFindings {
  readonly severe: readonly string[];
  readonly notes: readonly string[];
}

const ALARMS: Readonly<Record<string, string>> = {
  CORRUPT: "members hold different data; see etcd's disaster recovery guide",
  NOSPACE:
    "its database is full, so it takes no writes and renews no leases; compact, defragment, then disarm the alarm",
};

/** Every fault, as a sentence. */
export function judgeCluster({ sights, members }: Cluster): ClusterFindings {
  const alarms = alarmsOf(sights).map(
    (alarm) => `etcd: the alarm ${alarm} is raised: ${ALARMS[alarm] ?? "see etcdctl alarm list"}`,
  );
  return {
    severe: [...findStrangers(sights), ...findLack(sights), ...alarms],
    notes: [...findLearners(sights), ...findSilent(sights), ...findUnlisted(sights, members)],
  };
}

/** What there is to warn of: all of it before a write, else what flannel suffers from. */
export function warnOfCluster(cluster: Cluster | undefined, writes: boolean): readonly string[] {
  if (cluster === undefined) return [];
  const { severe, notes } = judgeCluster(cluster);
  return writes ? [...severe, ...notes] : severe;
}

/** A failure to reach etcd, with what its members have said meanwhile. */
export function explainFailure(error: unknown, cluster: Cluster): unknown {
  if (!(error instanceof ModuleError)) return error;
  if (cluster.sights.every(({ status }) => status === undefined)) return error;
  const message = [error.message, ...judgeCluster(cluster).severe].join("\n  ");
  const result = { ...error.result, cluster: reportCluster(cluster) };
  return new ModuleError(error.code, message, { cause: error, result });
}

/** The result's `cluster`. */
export function reportCluster({ sights, members }: Cluster): Readonly<Record<string, unknown>> {
  const met = metBy(sights);
  return {
    ids: [...groupByCluster(sights).keys()],
    has_leader: sights.some(({ status }) => status?.leaderId !== undefined),
    alarms: alarmsOf(sights),
    endpoints: sights.map(({ endpoint, status, fault }) => ({
      endpoint: endpoint.url,
      cluster_id: status === undefined ? null : toHex(status.clusterId),
      member_id: status === undefined ? null : toHex(status.memberId),
      etcd_version: status?.version ?? null,
      leader: status !== undefined && status.leaderId === status.memberId,
      learner: status?.isLearner ?? false,
      msg: fault ?? null,
    })),
    members:
      members?.map(({ id, name, clientUrls, isLearner }) => ({
        id: toHex(id),
        name,
        client_urls: clientUrls,
        learner: isLearner,
        listed: met.has(id),
      })) ?? null,
  };
}

function findStrangers(sights: readonly Sight[]): string[] {
  const groups = [...groupByCluster(sights)];
  if (groups.length < 2) return [];
  const told = groups.map(([id, urls]) => `${id} (${urls.join(", ")})`).join(", ");
  return [
    `endpoints: belong to ${groups.length} separate clusters: ${told}; hosts that ask different ones do not see each other; name the endpoints of one`,
  ];
}

function findLack(sights: readonly Sight[]): string[] {
  const seen = sights.flatMap(({ status }) => status ?? []);
  if (seen.length === 0 || seen.some(({ leaderId }) => leaderId !== undefined)) return [];
  return ["etcd: has no leader: more than half of its members must be up; start them"];
}

function findLearners(sights: readonly Sight[]): string[] {
  return sights.flatMap(({ endpoint, status }) =>
    status?.isLearner === true
      ? [
          `endpoints: ${endpoint.url} is a learner, which serves no reads; promote it or leave it out`,
        ]
      : [],
  );
}

function findSilent(sights: readonly Sight[]): string[] {
  return sights.flatMap(({ endpoint, fault }) =>
    fault === undefined ? [] : [`endpoints: ${endpoint.url}: ${fault}`],
  );
}

/** Daemons do not find a member by themselves, when those that they know are down. */
function findUnlisted(
  sights: readonly Sight[],
  members: readonly ListedMember[] | undefined,
): string[] {
  // An endpoint that did not answer may be any of them.
  if (members === undefined || sights.some(({ status }) => status === undefined)) return [];
  const met = metBy(sights);
  const missed = members.filter(({ id, isLearner }) => !met.has(id) && !isLearner);
  if (missed.length === 0) return [];
  const told = missed.map(({ name, clientUrls }) => `${name} (${clientUrls.join(", ")})`);
  return [
    `endpoints: ${missed.length} of ${members.length} members not listed: ${told.join(", ")}`,
  ];
}

function groupByCluster(sights: readonly Sight[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { endpoint, status } of sights) {
    if (status === undefined) continue;
    const id = toHex(status.clusterId);
    groups.set(id, [...(groups.get(id) ?? []), endpoint.url]);
  }
  return groups;
}

function metBy(sights: readonly Sight[]): ReadonlySet<string> {
  return new Set(sights.flatMap(({ status }) => status?.memberId ?? []));
}

function alarmsOf(sights: readonly Sight[]): readonly string[] {
  return [...new Set(sights.flatMap(({ status }) => status?.alarms ?? []))].sort();
}

/** As etcdctl shows ids. */
function toHex(id: string): string {
  return /^\d+$/.test(id) ? BigInt(id).toString(16) : id;
}
