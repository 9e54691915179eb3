// The module's own keys of the result, the same on success and on failure.

import { type Told } from "../../ansible/module";
import { reportCluster } from "../../etcd/cluster";
import { formatCidr } from "../../flannel/address";
import { afterRestart, renumberedOf, unreachableOf } from "../../flannel/disruption";
import { capacityOf, reportLease } from "../../flannel/lease";
import { type NetworkConfig } from "../../flannel/network-config";
import { type Reservation, standingOf } from "../../flannel/reservation";
import { presentText } from "../../flannel/secret-text";
import { type Outcome } from "./apply";
import { type Change } from "./changes";
import { type Declared } from "./declare";
import { type HeldLease, type Observed } from "./observe";
import { type Plan } from "./plan";
import { hideByRevision } from "./secrets";
import { namesOf } from "./v2-remains";

/** What is at the key. */
interface Content {
  readonly text: string;
  /** Undefined in check mode, where it would be written. */
  readonly revision: number | undefined;
  /** Undefined where flannel cannot use it. */
  readonly config: NetworkConfig | undefined;
}

/** What is in etcd by now; in check mode, what would be. */
export function report(
  { api, lacks, reservations }: Declared,
  observed: Observed,
  plan: Plan,
  told: Told<Change, Outcome>,
): Readonly<Record<string, unknown>> {
  const { store, key, elsewhere, cluster } = observed;
  const { endpoint, etcdVersion, transport } = store.origin;
  const content = contentAfter(observed, told);
  const leases = leasesAfter(observed, told);
  const ranges = content?.config?.ranges ?? [];
  return {
    api,
    etcd_version: etcdVersion ?? null,
    endpoint,
    transport,
    cluster: cluster === undefined ? null : reportCluster(cluster),
    key,
    config:
      content === undefined ? null : presentText(content.text, hideByRevision(content.revision)),
    differences: plan.differences,
    revision: content?.revision ?? null,
    leases: reportLeases(leases, plan),
    reservations: reservations.map((reservation) => reportReservation(reservation, leases)),
    renumbered: renumberedOf(plan.outlooks),
    cut_off: unreachableOf(plan.outlooks),
    capacity: capacityOf(ranges, leases) ?? null,
    restart_required: plan.restartRequired && told.changes.length > 0,
    v2_remains: remainsAfter(observed, told),
    asked: [...lacks.keys()],
    pending: isPending(observed, told.changes),
    put_back: told.changes.some((change) => change.kind === "write" && change.isReturn === true),
    verdict: plan.verdict ?? null,
    failures: plan.failures === undefined ? null : Object.fromEntries(plan.failures),
    other_api: elsewhere.find((found) => found.api !== api)?.api ?? null,
  };
}

/** Whether the change is still to be settled after these steps. */
function isPending({ previous }: Observed, changes: readonly Change[]): boolean {
  if (changes.some(({ kind }) => kind === "forget previous" || kind === "remove")) return false;
  const write = changes.find((change) => change.kind === "write");
  if (write === undefined) return previous?.isOpen === true;
  return (
    changes.some(({ kind }) => kind === "keep previous") ||
    previous?.next.includes(write.value) === true
  );
}

function reportLeases(leases: readonly HeldLease[], { outlooks }: Plan): readonly unknown[] {
  const foreseen = new Map(outlooks.map((outlook) => [outlook.lease.key, afterRestart(outlook)]));
  return leases.map((lease) => ({
    ...reportLease(lease),
    after_restart: foreseen.get(lease.key) ?? null,
  }));
}

function contentAfter(
  { stored }: Observed,
  { changes, outcome }: Told<Change, Outcome>,
): Content | undefined {
  for (const change of changes) {
    if (change.kind === "remove") return undefined;
    if (change.kind !== "write") continue;
    return { text: change.value, revision: outcome.revision, config: change.config };
  }
  if (stored === undefined) return undefined;
  return { text: stored.value, revision: stored.revision, config: stored.reading.config };
}

function reportReservation(
  reservation: Reservation,
  leases: readonly HeldLease[],
): Readonly<Record<string, unknown>> {
  const { publicIp, subnet, ipv6Subnet } = reservation;
  return {
    public_ip: publicIp,
    subnet: formatCidr(subnet),
    ipv6_subnet: ipv6Subnet === undefined ? null : formatCidr(ipv6Subnet),
    in_effect: standingOf(reservation, leases).kind === "held",
  };
}

/** Null where nobody looked, or could. */
function remainsAfter(
  { v2 }: Observed,
  { changes }: Told<Change, Outcome>,
): readonly string[] | null {
  if (v2?.remains === undefined) return null;
  const { entries, folders } = v2.remains;
  const gone = new Set(
    changes.flatMap((change) => (change.kind === "forget" ? [change.entry.key] : [])),
  );
  const areFoldersGone = changes.some(({ kind }) => kind === "forget folders");
  return namesOf({
    ...v2.remains,
    entries: entries.filter(({ key }) => !gone.has(key)),
    folders: areFoldersGone ? [] : folders,
  });
}

function leasesAfter(
  { leases }: Observed,
  { changes, outcome }: Told<Change, Outcome>,
): readonly HeldLease[] {
  const purged = changes.flatMap((change) => (change.kind === "purge" ? [change.lease.key] : []));
  const reserved = changes.flatMap((change) => (change.kind === "reserve" ? [change.lease] : []));
  const gone = new Set([...purged, ...outcome.ended, ...reserved.map(({ key }) => key)]);
  return [...leases.filter(({ key }) => !gone.has(key)), ...reserved];
}
