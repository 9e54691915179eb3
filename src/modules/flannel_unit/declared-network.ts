// The network configuration as declared: whole, or by single options.

import { ModuleError } from "../../base/errors";
import { isRecord } from "../../base/json";
import { type Family, tryParseCidr } from "../../flannel/address";
import { type Backend } from "../../flannel/devices";
import { renderNetworkMark } from "../../flannel/network-mark";
import { type PodNetworks } from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";

export interface DeclaredNetwork {
  readonly networks: PodNetworks;
  readonly backend: Backend;
  /** undefined when nothing is declared. */
  readonly mark: string | undefined;
}

/** Throws ModuleError `invalid_arguments` for a network that is no CIDR. */
export function declareNetwork(options: FlannelUnitOptions): DeclaredNetwork {
  const document = composeDocument(options);
  const network = readNetwork("Network", document, 4);
  const ipv6Network = readNetwork("IPv6Network", document, 6);
  const { Backend: backend } = document;
  return {
    networks: {
      ...(network === undefined ? {} : { network }),
      ...(ipv6Network === undefined ? {} : { ipv6Network }),
    },
    backend: isRecord(backend) ? backend : {},
    mark: Object.keys(document).length === 0 ? undefined : renderNetworkMark(document),
  };
}

/** Single options count for more than the same in `network_config`. */
function composeDocument(options: FlannelUnitOptions): Readonly<Record<string, unknown>> {
  const { network, ipv6_network: ipv6Network, backend, network_config: config } = options;
  return {
    ...config,
    ...(network === undefined ? {} : { Network: network }),
    ...(ipv6Network === undefined ? {} : { IPv6Network: ipv6Network }),
    ...(Object.keys(backend).length === 0 ? {} : { Backend: backend }),
  };
}

const OPTIONS = { Network: "network", IPv6Network: "ipv6_network" } as const;

function readNetwork(
  key: keyof typeof OPTIONS,
  document: Readonly<Record<string, unknown>>,
  family: Family,
): string | undefined {
  const { [key]: value } = document;
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && tryParseCidr(value)?.family === family) return value;
  const message = `${OPTIONS[key]}: ${JSON.stringify(value)}: expected an IPv${family} CIDR`;
  throw new ModuleError("invalid_arguments", message);
}
