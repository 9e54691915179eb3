// Which reservations are to be written, and what stands in the way of each.

import { type Obstacle } from "../../ansible/module";
import { type EtcdApi, subnetsKeyOf } from "../../flannel/etcd-layout";
import { describeLease } from "../../flannel/lease";
import { type NetworkConfig } from "../../flannel/network-config";
import {
  type Reservation,
  describeReservation,
  findRangeFault,
  keyNameOf,
  standingOf,
} from "../../flannel/reservation";
import { type Change, purgeLease, reserveSubnet } from "./changes";
import { type HeldLease } from "./observe";

export interface ReserveCase {
  readonly reservations: readonly Reservation[];
  readonly leases: readonly HeldLease[];
  /** The one that daemons will read; undefined where flannel cannot use it. */
  readonly config: NetworkConfig | undefined;
  readonly prefix: string;
  readonly api: EtcdApi;
  readonly allowsDisruption: boolean;
}

export interface ReservePlan {
  readonly changes: readonly Change[];
  readonly obstacles: readonly Obstacle[];
}

/** All of them or none: a host in the wrong subnet may be in the way of another. */
export function planReservations(given: ReserveCase): ReservePlan {
  const plans = given.reservations.map((reservation) => planOne(given, reservation));
  return {
    changes: plans.flatMap(({ changes }) => changes),
    obstacles: plans.flatMap(({ obstacles }) => obstacles),
  };
}

function planOne(given: ReserveCase, reservation: Reservation): ReservePlan {
  const { leases, config, allowsDisruption } = given;
  const fault = config === undefined ? undefined : findRangeFault(reservation, config.ranges);
  if (fault !== undefined) return refuse("invalid_config", reservation, fault);
  const standing = standingOf(reservation, leases);
  const key = `${subnetsKeyOf(given.prefix, given.api)}/${keyNameOf(reservation)}`;
  const reserved = leases.find((lease) => lease.key === key);
  switch (standing.kind) {
    case "taken":
      return refuse("refused", reservation, `in etcd the subnet belongs to ${standing.by}`);
    case "free":
      return { changes: [reserveSubnet(key, reservation)], obstacles: [] };
    case "held":
      return { changes: endless(given, reservation, reserved), obstacles: [] };
    case "elsewhere": {
      const others = leases.filter((lease) => standing.leases.includes(lease));
      if (!allowsDisruption) return refuse("refused", reservation, describeMove(others));
      const first = reserved === undefined ? [reserveSubnet(key, reservation)] : [];
      return {
        changes: [...first, ...others.map((lease) => purgeLease(lease, true))],
        obstacles: [],
      };
    }
  }
}

/** In v2 a lease is made a reservation; in v3 the daemon, which runs, would take it back at once. */
function endless(
  { api }: ReserveCase,
  reservation: Reservation,
  lease: HeldLease | undefined,
): readonly Change[] {
  if (api === "v3" || lease?.entry.ttlSeconds === undefined) return [];
  return [reserveSubnet(lease.key, reservation, lease)];
}

function describeMove(others: readonly HeldLease[]): string {
  return `the host has ${others.map(describeLease).join(", ")}; its pods would be cut off when it is given another subnet: drain it, then set allow_disruptive: true`;
}

function refuse(code: Obstacle["code"], reservation: Reservation, why: string): ReservePlan {
  const message = `reservations: ${describeReservation(reservation)}: ${why}`;
  return { changes: [], obstacles: [{ code, message, lasting: true }] };
}
