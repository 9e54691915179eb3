// A scene for flannel_etcd_config: flannel has gone from etcd's v2 store to v3, and left its keys behind.

import {
  type Json,
  type MemoryEtcd,
  etcdOf,
  leaseKeyOf,
  leaseValue,
  runInMemory,
} from "./etcd-config";

export const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
export const LEASE = "10.200.1.0-24";
export const FORGET = { config: CONFIG, forget_v2: true };

/** An etcd after flannel has gone from v2 to v3: one host, which has its lease in both stores. */
export function crossed(): MemoryEtcd {
  const etcd = etcdOf({ stored: CONFIG, other: CONFIG, leases: [LEASE] });
  etcd.store("v2").put(leaseKeyOf(LEASE), leaseValue(0), 80_000);
  return etcd;
}

export function run(etcd: MemoryEtcd, options: Json, settings: Json = {}): Promise<Json> {
  return runInMemory(etcd, {}, options, settings);
}

export function left(etcd: MemoryEtcd): string[] {
  return [...etcd.leftV2().keys(), ...etcd.leftV2().folders];
}
