// A flanneld that runs here and was not started by this module: another role's, or somebody's by hand.
// What the inventory says need not be what runs, so taking it over must not change more than is meant.

import { type Obstacle } from "../../ansible/module";
import { etcdApiOf } from "../../flannel/etcd-layout";
import { type FlannelVersion, compareVersions, tagOf } from "../../flannel/version";
import { type ProcessState } from "../../host/proc";
import { tryAskRunningVersion } from "./running-version";
import { DIGEST_VARIABLE } from "./unit-marks";

/** What is known of a daemon of somebody else's. */
export interface Stranger {
  /** undefined when it does not tell. */
  readonly version: FlannelVersion | undefined;
  /** It keeps its leases in Kubernetes, so nothing in etcd is lost with it. */
  readonly isKube: boolean;
  /** Units that run and require the daemon, so that they are stopped with it. */
  readonly dependents: readonly string[];
}

/** What is to become of it. */
export interface Takeover {
  readonly version: FlannelVersion | undefined;
  readonly isKube: boolean;
  /** Any release may be replaced by any other. */
  readonly adopts: boolean;
}

/** Looks at the daemon if it is somebody else's; `tryIsActive` tells whether a unit runs. */
export function tryObserveStranger(
  daemon: ProcessState | undefined,
  requiredBy: readonly string[],
  tryIsActive: (unit: string) => boolean,
): Stranger | undefined {
  if (daemon === undefined || daemon.environment.has(DIGEST_VARIABLE)) return undefined;
  return {
    version: tryAskRunningVersion(daemon.pid),
    isKube: daemon.argv.some((word) => /^--?kube-subnet-mgr(=(1|t|T|true|True|TRUE))?$/.test(word)),
    dependents: requiredBy.filter(tryIsActive),
  };
}

/** Why the daemon must not be replaced unasked: its pods would lose what they have. */
export function findConflict(
  { version: declared, isKube, adopts }: Takeover,
  stranger: Stranger | undefined,
): readonly Obstacle[] {
  const running = stranger?.version;
  if (running === undefined || declared === undefined || adopts) return [];
  const [from, to] = [etcdApiOf(running), etcdApiOf(declared)];
  const crosses = from !== to && !isKube && stranger?.isKube === false;
  const harms = [
    ...(compareVersions(declared, running) < 0 ? ["replace it with an older release"] : []),
    ...(crosses
      ? [`have it read etcd's ${to} store, which has nothing of what it keeps in the ${from} store`]
      : []),
  ];
  if (harms.length === 0) return [];
  const message =
    `flannel_version: ${tagOf(declared)}: this host runs flanneld ${tagOf(running)}, started by ` +
    `another role or by hand, and this would ${harms.join(" and ")}; set flannel_version: ` +
    `${tagOf(running)}, as it runs, or flannel_adopt: true if that is what you want`;
  return [{ code: "conflict", message, lasting: true }];
}

/** What else stops when the daemon is taken over, for the unit that it is to be from now on is another. */
export function warnOfDependents(
  unitName: string,
  stranger: Stranger | undefined,
): readonly string[] {
  if (stranger === undefined || stranger.dependents.length === 0) return [];
  const units = stranger.dependents.join(" and ");
  const [verb, pronoun] =
    stranger.dependents.length === 1 ? ["requires", "it"] : ["require", "them"];
  return [
    `restarting ${unitName} stops ${units}, which ${verb} it, and starts ${pronoun} again; flannel_restart_serial keeps that from happening on all hosts at once`,
  ];
}
