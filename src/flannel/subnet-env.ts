// subnet.env: what a running flanneld says it got, in the words the CNI plugin reads.

import { type Cidr, contains, formatCidr, tryParseCidr } from "./address";

/** The contents of subnet.env; a family that is off has no keys. */
export interface SubnetEnv {
  readonly network?: string;
  readonly subnet?: string;
  readonly ipv6_network?: string;
  readonly ipv6_subnet?: string;
  readonly mtu?: number;
  readonly ip_masq?: boolean;
}

/** The pod networks as declared, as CIDR; a family that is not declared has no key. */
export interface PodNetworks {
  readonly network?: string;
  readonly ipv6Network?: string;
}

/** Where flanneld writes the file unless `subnet-file` says otherwise. */
export const DEFAULT_SUBNET_FILE = "/run/flannel/subnet.env";

/** Reads `FLANNEL_*=value` lines; unknown lines are ignored, as the CNI plugin does. */
export function parseSubnetEnv(text: string): SubnetEnv {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*FLANNEL_([A-Z0-9_]+)=(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], match[2]);
  }
  const text4 = (key: string, name: string) => pick(name, values.get(key));
  const mtu = Number(values.get("MTU") ?? "");
  return {
    ...text4("NETWORK", "network"),
    ...text4("SUBNET", "subnet"),
    ...text4("IPV6_NETWORK", "ipv6_network"),
    ...text4("IPV6_SUBNET", "ipv6_subnet"),
    ...(Number.isInteger(mtu) && mtu > 0 ? { mtu } : {}),
    ...(values.has("IPMASQ") ? { ip_masq: values.get("IPMASQ") === "true" } : {}),
  };
}

function pick(name: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === "" ? {} : { [name]: value };
}

/**
 * Why the file does not fit the declared networks, in a sentence; undefined when it does. A family
 * that is not declared is only checked in itself: its subnet must lie in its network.
 */
export function findSubnetFault(env: SubnetEnv, declared: PodNetworks): string | undefined {
  return (
    findFamilyFault(env.network, env.subnet, declared.network) ??
    findFamilyFault(env.ipv6_network, env.ipv6_subnet, declared.ipv6Network) ??
    (env.subnet === undefined && env.ipv6_subnet === undefined ? "names no subnet" : undefined)
  );
}

function findFamilyFault(
  network: string | undefined,
  subnet: string | undefined,
  declared: string | undefined,
): string | undefined {
  if (declared !== undefined && !equalNetworks(network, declared)) {
    return `has network ${network ?? "none"}, expected ${declared}`;
  }
  if (subnet === undefined || network === undefined) return undefined;
  const inner = tryParseCidr(subnet);
  // With several cluster CIDRs (0.21 and 0.22) FLANNEL_NETWORK is a list.
  const outer = network.split(",").flatMap((part): Cidr[] => {
    const block = tryParseCidr(part.trim());
    return block === undefined ? [] : [block];
  });
  if (inner !== undefined && outer.some((block) => contains(block, inner))) return undefined;
  return `has subnet ${subnet}, which does not lie in its network ${network}`;
}

/** Which of the wanted subnets it does not have; none for a file that has all of them. */
export function missingSubnets(
  { subnet, ipv6_subnet }: SubnetEnv,
  wanted: readonly string[],
): readonly string[] {
  // It names the address of the bridge.
  const held = [subnet, ipv6_subnet].map(normalise);
  return wanted.filter((text) => !held.includes(normalise(text)));
}

/** Without host bits, and in one spelling. */
function normalise(text = ""): string {
  const block = tryParseCidr(text);
  return block === undefined ? text : formatCidr(block);
}

function equalNetworks(actual: string | undefined, declared: string): boolean {
  const wanted = tryParseCidr(declared);
  if (actual === undefined || wanted === undefined) return actual === declared;
  return actual.split(",").some((part) => {
    const block = tryParseCidr(part.trim());
    return block !== undefined && formatCidr(block) === formatCidr(wanted);
  });
}
