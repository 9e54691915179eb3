// Looks at what is there of an earlier trial, at where an echo can be served, and, for `tried`, which
// of the other hosts are reached: that sends packets and leaves nothing.

import { type Context } from "../../ansible/module";
import { ModuleError, messageOf } from "../../base/errors";
import { podAddressesOf } from "../../flannel/pod-address";
import { type Place, type Trial } from "../../flannel/reach";
import { routeKindOf } from "../../flannel/route-kind";
import { type SubnetEnv, parseSubnetEnv } from "../../flannel/subnet-env";
import { tryReadFile } from "../../host/atomic-file";
import { findEchoes } from "../../host/echo";
import { observeHeldAddresses, tryFindFree, tryOwnAddress } from "../../host/held-addresses";
import {
  type OwnNetwork,
  isForwarding,
  knowsNamespaces,
  observeOwnNetwork,
  tryAskRoute,
} from "../../host/namespace";
import { probe } from "../../host/reach";
import { type ProbeReport, type Probed } from "../../host/reach-protocol";
import { type Declared, type Echo } from "./declare";

/** Where an echo of one family can be served. */
export interface Site {
  readonly family: "ipv4" | "ipv6";
  /** The subnet as flanneld wrote it: "10.200.1.1/24". */
  readonly subnet: string;
  /** An address of the subnet that no one holds. */
  readonly free: string | undefined;
  /** The address of the subnet that the host itself has. */
  readonly own: string | undefined;
  readonly isForwarding: boolean;
}

/** What is there of an earlier `serving`. */
export interface Remains extends OwnNetwork {
  readonly processes: readonly number[];
}

/** What was tried to other hosts. */
export interface Tried {
  readonly trials: readonly Trial[];
  readonly checksumErrors: Readonly<Record<Place, number>>;
  /** False where there was no namespace to try from. */
  readonly likePod: boolean;
  /** Why something could not be tried. */
  readonly faults: readonly string[];
}

export interface Observed {
  readonly remains: Remains;
  /** undefined where flanneld has written no file. */
  readonly lease: SubnetEnv | undefined;
  readonly sites: readonly Site[];
  readonly knowsNamespaces: boolean;
  /** undefined unless something was tried. */
  readonly tried: Tried | undefined;
  /** Packets that reached this host's pod with a wrong checksum, since it serves; undefined where there is none. */
  readonly receivedWrong: number | undefined;
}

/** What pods get where flanneld does not say. */
const DEFAULT_MTU = 1450;

export async function observe(declared: Declared, context: Context): Promise<Observed> {
  const remains = { ...observeOwnNetwork(), processes: findEchoes() };
  const text = declared.state === "silent" ? undefined : tryReadFile(declared.subnetFile)?.content;
  const lease = text === undefined ? undefined : parseSubnetEnv(text);
  const isServing = declared.state === "serving";
  const isEnding = declared.state === "silent" && remains.namespace;
  const mayTry = declared.state === "tried" && !context.checkMode && declared.peers.length > 0;
  const tried = mayTry ? await tryPeers(declared, mtuOf(lease), remains.namespace) : undefined;
  return {
    remains,
    lease,
    sites: isServing && lease !== undefined ? await observeSites(lease) : [],
    knowsNamespaces: isServing && knowsNamespaces(),
    tried,
    receivedWrong: isEnding ? await tryCountWrong() : tried?.checksumErrors.pod,
  };
}

/** The MTU of pods. */
export function mtuOf(lease: SubnetEnv | undefined): number {
  return lease?.mtu ?? DEFAULT_MTU;
}

async function observeSites({ subnet, ipv6_subnet: v6 }: SubnetEnv): Promise<readonly Site[]> {
  const { held, lastGivenOut } = observeHeldAddresses();
  const siteOf = async (family: Site["family"], text: string): Promise<Site> => {
    const candidates = podAddressesOf(text, lastGivenOut).filter((address) => !held.has(address));
    return {
      family,
      subnet: text,
      free: await tryFindFree(candidates),
      own: await tryOwnAddress(text),
      isForwarding: isForwarding(family === "ipv4" ? 4 : 6),
    };
  };
  const declared = [
    ...(subnet === undefined ? [] : [siteOf("ipv4", subnet)]),
    ...(v6 === undefined ? [] : [siteOf("ipv6", v6)]),
  ];
  return Promise.all(declared);
}

/** From the host itself, and from the namespace where there is one, at the same time. */
async function tryPeers({ peers }: Declared, mtu: number, likePod: boolean): Promise<Tried> {
  const targets = peers.flatMap(({ host, echoes }) => echoes.map((echo) => ({ host, echo })));
  const places: readonly Place[] = likePod ? ["pod", "host"] : ["host"];
  const echoes = targets.map(({ echo }) => echo);
  const answers = await Promise.all(places.map((place) => tryProbe(place, echoes, mtu)));
  const trials = answers.flatMap((answer, place) =>
    (answer instanceof ModuleError ? [] : answer.found).map((found, index): Trial => {
      const { host, echo } = targets[index] as (typeof targets)[number];
      return trialOf(host, echo, places[place] as Place, found);
    }),
  );
  const [pod, host] = likePod ? answers : [undefined, answers[0]];
  return {
    trials,
    likePod: likePod && !(pod instanceof ModuleError),
    faults: answers.flatMap((answer) => (answer instanceof ModuleError ? [answer.message] : [])),
    // The namespace is as old as the echo: others have tried it, too.
    checksumErrors: { pod: errorsOf(pod)?.after ?? 0, host: growthOf(errorsOf(host)) },
  };
}

async function tryProbe(
  place: Place,
  echoes: readonly Echo[],
  mtu: number,
): Promise<ProbeReport | ModuleError> {
  try {
    return await probe(place, echoes, mtu);
  } catch (error) {
    return error instanceof ModuleError ? error : new ModuleError("internal", messageOf(error));
  }
}

async function tryCountWrong(): Promise<number | undefined> {
  const answer = await tryProbe("pod", [], DEFAULT_MTU);
  return errorsOf(answer)?.after;
}

function trialOf(host: string, { address, place: to }: Echo, from: Place, found: Probed): Trial {
  const isReached = found.tcp === "ok" || found.udp || found.ping === true;
  const answer = isReached ? undefined : tryAskRoute(address);
  return {
    host,
    address,
    from,
    to,
    ...found,
    route: answer === undefined ? null : routeKindOf(answer),
  };
}

function errorsOf(
  answer: ProbeReport | ModuleError | undefined,
): ProbeReport["checksumErrors"] | undefined {
  return answer === undefined || answer instanceof ModuleError ? undefined : answer.checksumErrors;
}

function growthOf(errors: ProbeReport["checksumErrors"] | undefined): number {
  return errors === undefined ? 0 : errors.after - errors.before;
}
