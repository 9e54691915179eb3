// Where flannel keeps its state in etcd, and through which API it looks for it.

import { type FlannelVersion, isAtLeast } from "./version";

export type EtcdApi = "v2" | "v3";

/** flannel reads v2 (/v2/keys) up to 0.17.x, v3 (gRPC) from 0.18.0. */
export function etcdApiOf(version: FlannelVersion): EtcdApi {
  return isAtLeast(version, "0.18.0") ? "v3" : "v2";
}

/** The other of the two stores, which share nothing. */
export function otherApi(api: EtcdApi): EtcdApi {
  return api === "v2" ? "v3" : "v2";
}

/** The key of the network configuration: Go's path.Join(prefix, "config"). */
export function configKeyOf(prefix: string, api: EtcdApi): string {
  return joinKey(prefix, "config", api);
}

/** The folder of the leases, without a slash at its end. */
export function subnetsKeyOf(prefix: string, api: EtcdApi): string {
  return joinKey(prefix, "subnets", api);
}

/** Keys of v2 are paths and always absolute; keys of v3 are bytes, a missing slash stays missing. */
function joinKey(prefix: string, name: string, api: EtcdApi): string {
  const isAbsolute = api === "v2" || prefix.startsWith("/");
  const parts: string[] = [];
  for (const part of `${prefix}/${name}`.split("/")) {
    if (part === "" || part === ".") continue;
    const leadsUp = part === "..";
    if (leadsUp && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!leadsUp || !isAbsolute) parts.push(part);
  }
  return `${isAbsolute ? "/" : ""}${parts.join("/")}`;
}
