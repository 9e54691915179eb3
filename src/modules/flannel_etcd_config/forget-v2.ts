// Whether what is left in etcd's v2 store may go, and the steps.

import { type Obstacle, type Plan } from "../../ansible/module";
import { etcdApiOf } from "../../flannel/etcd-layout";
import { type Lease, describeLease, tryParseLease } from "../../flannel/lease";
import { parseVersion } from "../../flannel/version";
import { type Change, forgetRemains } from "./changes";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type V2Remains } from "./v2-remains";

/** After all else: what is left in v2 is the way back. */
export function planForgetting(declared: Declared, observed: Observed): Plan<Change> {
  const { key, v2, leases, stored } = observed;
  const isAsked = declared.forgetsV2 && ["absent", "present"].includes(declared.state);
  if (v2 === undefined || !isAsked) return { changes: [] };
  if (v2.remains === undefined) {
    const told = `forget_v2: cannot see what is left in etcd's v2 store: ${v2.hidden}`;
    return { changes: [], warnings: v2.hidden === "" ? [] : [told] };
  }
  const changes = forgetRemains(v2.remains);
  if (changes.length === 0) return { changes };
  const { running, allowsDisruption, state } = declared;
  const isReplaced = stored !== undefined || state === "absent";
  const given = { key, isReplaced, remains: v2.remains, leases, running, allowsDisruption };
  return { changes, obstacles: findV2Users(given) };
}

interface ForgetCase {
  readonly key: string;
  /** Whether v3 has a configuration, or none is to be had. */
  readonly isReplaced: boolean;
  readonly remains: V2Remains;
  /** Those in v3. */
  readonly leases: readonly Lease[];
  readonly running: Declared["running"];
  readonly allowsDisruption: boolean;
}

/** Why what is left must stay; none where it may go. */
function findV2Users(given: ForgetCase): readonly Obstacle[] {
  const { key, isReplaced, running } = given;
  const hosts = Object.entries(running).flatMap(([host, release]) => describeUse(host, release));
  const holders = given.allowsDisruption ? [] : foreignLeases(given).map(describeLease);
  const reasons = [
    ...(isReplaced ? [] : ["v3 has no configuration yet"]),
    ...(hosts.length === 0 ? [] : [hosts.join(", ")]),
    ...(holders.length === 0
      ? []
      : [
          `without a lease in v3 are ${holders.join(", ")} (allow_disruptive: true if they are gone)`,
        ]),
  ];
  if (reasons.length === 0) return [];
  const message = `forget_v2: ${key}: what is in etcd's v2 store is still needed: ${reasons.join("; ")}`;
  return [{ code: "refused", message, lasting: true }];
}

function describeUse(host: string, release: unknown): readonly string[] {
  if (release === null || release === "") return [];
  try {
    const told = typeof release === "string" ? release : "";
    const version = parseVersion(told, "running");
    return etcdApiOf(version) === "v3" ? [] : [`${host} runs ${told}, which reads v2`];
  } catch {
    return [`it is not known what ${host} runs`];
  }
}

/** Leases in v2 that have not ended, of holders that have none in v3. */
function foreignLeases({ remains, leases }: ForgetCase): readonly Lease[] {
  const crossed = new Set(leases.map(({ publicIp }) => publicIp));
  return remains.entries.flatMap((entry) => {
    const lease = tryParseLease(entry);
    return lease === undefined || crossed.has(lease.publicIp) ? [] : [lease];
  });
}
