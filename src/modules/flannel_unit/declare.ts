// From options to what shall be on the host: pure, and the one room where options become files.

import { type Context } from "../../ansible/module";
import { ModuleError } from "../../base/errors";
import { didYouMean } from "../../base/nearest";
import { devicesOf } from "../../flannel/devices";
import { FLAGS, filesOf, flagValue, parseSettings } from "../../flannel/flags";
import {
  type NetworkMark,
  type OverlayNetwork,
  markOf,
  ofDocument,
} from "../../flannel/overlay-network";
import { DEFAULT_SUBNET_FILE } from "../../flannel/subnet-env";
import { type FlannelVersion, isAtLeast, parseVersion } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type Takeover } from "./adoption";
import { type Certificates, readCertificates } from "./certificates";
import { cniConfIn } from "./cni-config";
import { type ConfFile } from "./conf-files";
import { type Daemon, type DaemonParts, composeDaemon, lacksAddress } from "./daemon";
import { declareConfFiles } from "./declared-files";
import { type Variables, splitVariables } from "./environment";
import { type HostWishes } from "./host-settings";
import { type Expectation } from "./probe";
import { switchFolder } from "./put-back-script";
import { type Query, readQuery } from "./query";
import { secretNames } from "./secrets";
import { mergeSettings } from "./settings";
import { trustVariables } from "./trust";

/** Everything the options say about the host, as files, arguments and variables. */
export interface Declared extends Daemon {
  readonly state: FlannelUnitOptions["state"];
  readonly isEnabled: boolean;
  /** What the daemon made is to go, too. */
  readonly isPurged: boolean;
  /** "flanneld.service". */
  readonly unitName: string;
  readonly unitPath: string;
  readonly daemonParts: DaemonParts;
  readonly isHardened: boolean;
  readonly environmentPath: string;
  readonly variables: Variables;
  readonly binary: string;
  /** The host's interface of the cluster. */
  readonly interface: string | undefined;
  /** That at which an etcd on this host is reached. */
  readonly etcdInterface: string | undefined;
  /** The interface whose address is to be the `public-ip`; undefined: that is settled without. */
  readonly addressOf: string | undefined;
  /** Settings whose values must not be shown, wherever they turn up. */
  readonly secretNames: ReadonlySet<string>;
  readonly subnetFile: string;
  /** Directory of the environment file, and by default of all that is flannel's. */
  readonly optionsDir: string;
  /** What flanneld and the CNI plugin read beside it. */
  readonly confFiles: readonly ConfFile[];
  /** The CNI configuration that is to be written, and where its plugins are. */
  readonly cniConf: Readonly<Record<string, unknown>> | undefined;
  readonly cniBinDir: string;
  /** Only where they are to be put in place. */
  readonly certificates: Certificates | undefined;
  /** Files the daemon reads only when it starts. */
  readonly restartOn: readonly string[];
  /** Files that a real run has replaced by now: what check mode has to imagine. */
  readonly replaced: ReadonlySet<string>;
  /** Subnets to which a daemon has routes, its own among them. */
  readonly leases: readonly string[];
  /** Subnets that etcd keeps for this host. */
  readonly reservedSubnets: readonly string[];
  readonly network: OverlayNetwork;
  /** The network configuration the process is to have been started for; undefined: not declared. */
  readonly mark: NetworkMark | undefined;
  readonly host: HostWishes;
  readonly ready: Expectation;
  readonly wayBack: WayBack;
  /** Where the host keeps what it needs to go back by itself. */
  readonly switchFolder: string;
  /** Directory with files as they were before this play replaced them. */
  readonly previousFiles: string | undefined;
  readonly takeover: Takeover;
  /** undefined unless the state is query. */
  readonly query: Query | undefined;
}

/** What may be done when the daemon does not come up. */
export interface WayBack {
  readonly isWanted: boolean;
  readonly previousBinary: string | undefined;
}

/** Checks the options as a whole. Throws ModuleError `invalid_arguments` before anything is done. */
export function declare(
  options: FlannelUnitOptions,
  { checkMode }: Pick<Context, "checkMode">,
): Declared {
  const { flannel_version: tag } = options;
  const version = tag === undefined ? undefined : parseVersion(tag, "flannel_version");
  const { settings, isKube } = mergeSettings(options, version);
  const flags = parseSettings(settings, version);
  checkSecretSettings(options.secret_settings, Object.keys(options.environment));
  const names = secretNames(options.secret_settings);
  const implied = isKube ? {} : trustVariables(flags, version);
  const variables = splitVariables({ ...implied, ...options.environment }, flags, names);
  const unitName = unitNameOf(options.name);
  const base = unitName.replace(/\.service$/, "");
  const environmentPath = `${options.options_dir}/${base}.env`;
  const subnetFile = flagValue(flags, "subnet-file") ?? DEFAULT_SUBNET_FILE;
  // A query is about the daemon that is, and asks of the network that is to be what this host would lack.
  const document = options.state === "query" ? {} : composeDocument(options);
  const network = ofDocument(document);
  const host = declareHost(options, base, version);
  const confFiles = declareConfFiles(options, { document, version, isKube });
  const daemonParts = declareParts(options, { variables, environmentPath, subnetFile });
  return {
    ...composeDaemon(daemonParts, flags, names),
    state: options.state,
    isEnabled: options.enabled,
    isPurged: options.state === "absent" && options.purge,
    unitName,
    unitPath: `${options.unit_dir}/${unitName}`,
    daemonParts,
    isHardened: options.hardening,
    environmentPath,
    variables,
    binary: options.binary,
    interface: options.interface,
    etcdInterface: options.etcd_interface ?? options.interface,
    addressOf: lacksAddress(flags) ? options.interface : undefined,
    secretNames: names,
    subnetFile,
    optionsDir: options.options_dir,
    confFiles,
    cniConf: cniConfIn(confFiles),
    cniBinDir: options.cni_bin_dir,
    certificates: declareCertificates(options),
    restartOn: [...new Set([...filesOf(flags).map(({ value }) => value), ...options.restart_on])],
    replaced: new Set(checkMode ? options.replaced : []),
    leases: options.leases,
    reservedSubnets: options.reserved_subnets,
    network,
    mark: Object.keys(document).length === 0 ? undefined : markOf(document),
    host,
    ready: declareReady(options, unitName, { flags, host, subnetFile, network }),
    wayBack: { isWanted: options.rollback, previousBinary: options.previous_binary },
    switchFolder: switchFolder(options.options_dir, unitName),
    previousFiles: options.previous_files,
    takeover: { version, isKube, adopts: options.adopt },
    query: options.state === "query" ? readQuery(options, version, isKube) : undefined,
  };
}

function unitNameOf(name: string): string {
  const base = name.replace(/\.service$/, "");
  if (/^[A-Za-z0-9:_.\\-]+$/.test(base) && !base.startsWith(".")) return `${base}.service`;
  throw new ModuleError(
    "invalid_arguments",
    `name: "${name}" is not a unit name, expected letters, digits, ":", "_", "." or "-"`,
  );
}

/** A misspelt name would leave its setting on the command line, or its variable in the unit, for all to see. */
function checkSecretSettings(names: readonly string[], variables: readonly string[]): void {
  const known = [...Object.keys(FLAGS), ...variables];
  for (const name of names.filter((candidate) => !known.includes(candidate))) {
    throw new ModuleError(
      "invalid_arguments",
      `secret_settings: ${name}: is neither a flag of flanneld nor a variable in environment${didYouMean(name, known)}`,
    );
  }
}

/** The network configuration as a whole; single options count for more than the same in it. */
function composeDocument(options: FlannelUnitOptions): Readonly<Record<string, unknown>> {
  const { network, ipv6_network: ipv6Network, backend, network_config: config } = options;
  return {
    ...config,
    ...(isGiven(network) ? { Network: network } : {}),
    ...(isGiven(ipv6Network) ? { IPv6Network: ipv6Network } : {}),
    ...(Object.keys(backend).length === 0 ? {} : { Backend: backend }),
  };
}

/** Templates of a network that is not there come to "". */
function isGiven(network: string | undefined): boolean {
  return network !== undefined && network !== "";
}

function declareCertificates({
  only,
  certificates,
}: Pick<FlannelUnitOptions, "certificates" | "only">): Certificates | undefined {
  if (only !== "certificates" || certificates === undefined) return undefined;
  if (certificates.sent !== undefined) return readCertificates(certificates);
  throw new ModuleError(
    "invalid_arguments",
    "certificates: sent: is missing, expected the path of the file that brings them to the host",
  );
}

function declareParts(
  options: FlannelUnitOptions,
  {
    variables,
    environmentPath,
    subnetFile,
  }: Pick<Declared, "environmentPath" | "subnetFile" | "variables">,
): DaemonParts {
  return {
    after: options.after,
    wants: options.wants,
    partOf: options.part_of,
    before: options.before,
    wantedBy: options.wanted_by,
    requiredBy: options.required_by,
    restartSec: options.restart_sec,
    timeoutStartSec: options.timeout_start_sec,
    limitNofile: options.limit_nofile,
    limitNproc: options.limit_nproc,
    startPre: options.exec_start_pre,
    startPost: options.exec_start_post,
    binary: options.binary,
    environment: variables.open,
    environmentPath,
    hasSecrets: Object.keys(variables.secret).length > 0,
    subnetFile,
    isHardened: options.hardening,
    extra: options.extra_directives,
  };
}

function declareHost(
  options: FlannelUnitOptions,
  base: string,
  version: FlannelVersion | undefined,
): HostWishes {
  return {
    base,
    version,
    isPresent: options.state !== "absent",
    loadsBridgeFilter: options.load_br_netfilter,
    forwards: options.ip_forward === true,
    isChecksumOff: options.tx_checksum_offload === false,
    keepsMac: options.keep_mac_address,
  };
}

/** What the declared daemon must bring about to be called ready. */
function declareReady(
  options: FlannelUnitOptions,
  unitName: string,
  { flags, host, subnetFile, network }: Pick<Declared, "flags" | "host" | "network" | "subnetFile">,
): Expectation {
  const port = flagValue(flags, "healthz-port") ?? "0";
  const healthUrl = healthUrlOf(flagValue(flags, "healthz-ip") ?? "", port, host.version);
  return {
    unitName,
    timeoutMs: options.wait_timeout * 1000,
    settleMs: options.settle_time * 1000,
    subnet: { path: subnetFile, networks: network.networks },
    devices: devicesOf(network),
    ...(port === "0" ? {} : { healthUrl }),
  };
}

function healthUrlOf(ip: string, port: string, version: FlannelVersion | undefined): string {
  // healthz is well from the first moment on; readyz once subnet.env and rules are there.
  const path = version !== undefined && isAtLeast(version, "0.28.9") ? "readyz" : "healthz";
  // The wildcard addresses are no place to connect to.
  const host = ip === "" || ip === "0.0.0.0" ? "127.0.0.1" : ip === "::" ? "::1" : ip;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/${path}`;
}
