// The changes that flannel_etcd_config makes to a key, for tests in which etcd or the way to it is disturbed meanwhile.

import { type Json, VXLAN_CONFIG } from "./etcd-config";

export interface KeyTask {
  readonly what: string;
  readonly options: Json;
  /** What is there at first; nothing without. */
  readonly before?: Json;
  /** What is there in the end. */
  readonly after: unknown;
}

/** The first line of a request to etcd. */
export const REQUEST = /^(DELETE|GET|POST|PUT) /;

export const OLD = { Network: "10.1.0.0/16", Backend: { Type: "vxlan" } };

export const CHANGES: readonly KeyTask[] = [
  { what: "create", options: { config: VXLAN_CONFIG }, after: VXLAN_CONFIG },
  {
    what: "update",
    options: { config: VXLAN_CONFIG, if_exists: "update" },
    before: OLD,
    after: VXLAN_CONFIG,
  },
  { what: "remove", options: { state: "absent" }, before: OLD, after: null },
];
