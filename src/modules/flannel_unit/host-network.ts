// Addresses and routes of the host, as far as they are asked for.

import { listRoutedNetworks } from "../../host/connected-networks";
import { listInterfaces, tryAddressOf } from "../../host/network";
import { type Declared } from "./declare";

/** The host in the network of the cluster. */
export interface HostNetwork {
  /** Of the host's interface of the cluster; undefined when it has none. */
  readonly address: string | undefined;
  /** Of the interface at which an etcd on this host is reached. */
  readonly etcdAddress: string | undefined;
  readonly interfaces: readonly string[];
  /** Networks that there are routes to; not looked at where no lease is known. */
  readonly routes: ReadonlySet<string>;
}

/** Looks at the interfaces that are named, and at the routes where leases are known. */
export function observeNetwork({ interface: name, etcdInterface, leases }: Declared): HostNetwork {
  return {
    address: name === undefined ? undefined : tryAddressOf(name),
    etcdAddress: etcdInterface === undefined ? undefined : tryAddressOf(etcdInterface),
    interfaces: name === undefined ? [] : listInterfaces(),
    routes: leases.length === 0 ? new Set() : listRoutedNetworks(),
  };
}
