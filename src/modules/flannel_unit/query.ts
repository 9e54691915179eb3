// What `state: query` tells beside what every run tells: it changes nothing, and is for whoever has to
// decide what this host needs before anything of it is touched.

import { endianness, machine } from "node:os";

import { ModuleError } from "../../base/errors";
import { type OverlayNetwork, ofDocument } from "../../flannel/overlay-network";
import { type Arch, parseArch, tryArchOfMachine } from "../../flannel/arch";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { type Wave, losesLeases, waveOf } from "../../flannel/waves";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import {
  type CertificateState,
  type Certificates,
  compareCertificates,
  observeCertificates,
  readCertificates,
} from "./certificates";
import { type Lack } from "./lacks";
import { findNetworkLacks } from "./network-lacks";

/** The questions, as far as they are not answered by the options themselves. */
export interface Query {
  readonly arch: Arch | undefined;
  readonly certificates: Certificates | undefined;
  readonly wave: Wave;
  /** Of the configuration that is to be in etcd; undefined: none is given, or it can be none. */
  readonly network: OverlayNetwork | undefined;
}

/** The host's answers. */
export interface Answers {
  readonly arch: Arch | undefined;
  readonly certificates: CertificateState | undefined;
  /** Sentences about the backend; undefined: not asked for. */
  readonly networkLacks: readonly string[] | undefined;
}

/** The host's addresses for the cluster and for etcd. */
interface Addresses {
  readonly address: string | undefined;
  readonly etcdAddress: string | undefined;
}

/** Reads the options of a query. Throws `invalid_arguments`. */
export function readQuery(
  options: Pick<
    FlannelUnitOptions,
    "arch" | "certificates" | "hosts" | "network_config" | "position" | "restart_serial"
  >,
  version: FlannelVersion | undefined,
  isKube: boolean,
): Query {
  const { arch, certificates, restart_serial: serial, hosts, position } = options;
  const isCareful = version !== undefined && losesLeases(version) && !isKube;
  return {
    arch: arch === undefined ? undefined : parseArch(arch),
    certificates: certificates === undefined ? undefined : readCertificates(certificates),
    wave: waveOf(isUnset(serial) && isCareful ? 1 : serial, hosts, position),
    network: tryReadNetwork(options.network_config),
  };
}

/** What is wrong with it, flannel_etcd_config says better. */
function tryReadNetwork(
  document: FlannelUnitOptions["network_config"],
): OverlayNetwork | undefined {
  if (Object.keys(document).length === 0) return undefined;
  const { IPv6Network, ...rest } = document;
  const hasIpv6 = String(document["EnableIPv6"]).toLowerCase() === "true";
  try {
    return ofDocument(hasIpv6 ? { ...rest, IPv6Network } : rest);
  } catch (error) {
    if (error instanceof ModuleError) return undefined;
    throw error;
  }
}

/** Asks the host. */
export async function observeAnswers(
  { certificates, network }: Query,
  running: OverlayNetwork | undefined,
): Promise<Answers> {
  return {
    arch: tryArchOfMachine(machine(), endianness()),
    certificates: certificates === undefined ? undefined : await observeCertificates(certificates),
    networkLacks: network === undefined ? undefined : findNetworkLacks(network, running),
  };
}

/** The result keys of a query. */
export function reportAnswers(
  query: Query,
  answers: Answers,
  { address, etcdAddress }: Addresses,
  publicIp: string | undefined,
  runningVersion: FlannelVersion | undefined,
  lacks: readonly Lack[],
): Readonly<Record<string, unknown>> {
  const found =
    query.certificates === undefined || answers.certificates === undefined
      ? undefined
      : compareCertificates(query.certificates, answers.certificates);
  return {
    address: address ?? null,
    etcd_address: etcdAddress ?? null,
    // flanneld takes that of its interface where none is given.
    public_ip: publicIp === undefined || publicIp === "" ? (address ?? null) : publicIp,
    arch: query.arch ?? answers.arch ?? null,
    running_version: runningVersion === undefined ? null : tagOf(runningVersion),
    differing_certificates: found?.differing ?? [],
    outdated_certificates: found?.outdated ?? [],
    wave: query.wave,
    network_lacks:
      answers.networkLacks === undefined ? null : [...answers.networkLacks, ...vitalOf(lacks)],
  };
}

/** Under the configuration that is to be. */
function vitalOf(lacks: readonly Lack[]): readonly string[] {
  return lacks.filter((lack) => lack.isVital && !lack.isBroughtLater).map(({ message }) => message);
}

function isUnset(serial: unknown): boolean {
  const isEmptyList = Array.isArray(serial) && serial.length === 0;
  return serial === undefined || isEmptyList || ["", "0", 0].includes(serial as number | string);
}
