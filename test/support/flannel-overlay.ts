// What a host of the overlay looks like to flannel_overlay: a builder that can only build possible ones.

import { type FlannelOverlayOptions } from "../../src/generated/flannel_overlay";
import { type Declared, declare } from "../../src/modules/flannel_overlay/declare";
import { type Observed, type Site, type Tried } from "../../src/modules/flannel_overlay/observe";

/** What differs from a host with a lease, addresses to give and nothing of ours. */
export interface HostState {
  readonly families?: readonly Site["family"][];
  readonly lease?: "missing" | "empty";
  readonly forwards?: boolean;
  readonly knowsNamespaces?: boolean;
  /** No address of the subnet is free. */
  readonly isFull?: boolean;
  /** Neither flannel's device nor a bridge of pods. */
  readonly isBare?: boolean;
  readonly serves?: boolean;
  readonly tried?: Tried;
}

const SITES = {
  ipv4: { family: "ipv4", subnet: "10.200.1.1/24", free: "10.200.1.254", own: "10.200.1.0" },
  ipv6: { family: "ipv6", subnet: "fd00:1::1/64", free: "fd00:1::fffe", own: "fd00:1::" },
} as const;

/** A host that runs flanneld. */
export function hostOf(state: HostState = {}): Observed {
  const families = state.lease === undefined ? (state.families ?? ["ipv4"]) : [];
  const serves = state.serves === true;
  const subnets = {
    ...(families.includes("ipv4") ? { subnet: SITES.ipv4.subnet } : {}),
    ...(families.includes("ipv6") ? { ipv6_subnet: SITES.ipv6.subnet } : {}),
  };
  return {
    remains: { namespace: serves, link: serves, processes: serves ? [41, 42] : [] },
    lease: state.lease === "missing" ? undefined : { mtu: 1450, ...subnets },
    sites: families.map((family) => siteOf(SITES[family], state)),
    knowsNamespaces: state.knowsNamespaces ?? true,
    tried: state.tried,
    receivedWrong: state.tried?.checksumErrors.pod,
  };
}

function siteOf(site: (typeof SITES)[Site["family"]], state: HostState): Site {
  return {
    ...site,
    free: state.isFull === true ? undefined : site.free,
    own: state.isBare === true ? undefined : site.own,
    isForwarding: state.forwards ?? true,
  };
}

function optionsOf(options: Partial<FlannelOverlayOptions> = {}): FlannelOverlayOptions {
  return { state: "serving", subnet_file: "/run/flannel/subnet.env", lifetime: 600, ...options };
}

export function declaredBy(options: Partial<FlannelOverlayOptions> = {}): Declared {
  return declare(optionsOf(options));
}
