// The verdict about an overlay, from what was tried. Nothing tried is never a good one.

import { type Circumstances, type Finding, type Trial, explain } from "./reach";

/** Another host, and what was tried to it; no trials where it serves nothing. */
export interface PeerTrials {
  readonly host: string;
  readonly trials: readonly Trial[];
}

/** What one host found about another, for a table of hosts. */
export interface Reach {
  readonly address: string | null;
  readonly ping: boolean | null;
  readonly tcp: boolean;
  readonly word: string;
}

export interface Verdict {
  /** null where there is no other host to try. */
  readonly ok: boolean | null;
  /** How many other hosts were tried. */
  readonly tried: number;
  readonly reach: Readonly<Record<string, Reach>>;
  readonly unreached: readonly string[];
  readonly suspects: readonly string[];
  /** What is odd about hosts that were reached all the same. */
  readonly oddities: readonly string[];
  readonly remedies: readonly string[];
  readonly text: string;
}

interface Explained {
  readonly trial: Trial;
  readonly finding: Finding;
}

/** Judges all trials of a host. `lacks` are sentences about what it lacks itself, each a failure. */
export function judge(
  peers: readonly PeerTrials[],
  circumstances: Omit<Circumstances, "reachedByHost">,
  lacks: readonly string[],
): Verdict {
  const ownTrials = peers.flatMap(({ trials }) => trials).filter(({ from }) => from === "host");
  const reached = ownTrials.filter(({ tcp }) => tcp === "ok");
  const reachedByHost = new Set(reached.map(({ address }) => address));
  const known = { ...circumstances, reachedByHost };
  const explained = peers.flatMap(({ trials }) =>
    trials.map((trial) => ({ trial, finding: explain(trial, known) })),
  );
  const failures = explained.filter(({ finding }) => finding.isFailure);
  const odd = explained.filter(({ finding }) => !finding.isFailure && finding.cause !== "reached");
  const silent = peers.filter(({ trials }) => trials.length === 0).map(({ host }) => host);
  const unreached = [...lacks, ...silent.map(describeSilence), ...sentencesOf(failures)];
  const tried = peers.length - silent.length;
  const remedies = remediesOf([...failures, ...odd]);
  const told = { unreached, oddities: sentencesOf(odd), remedies, tried };
  return {
    ...told,
    ok: peers.length === 0 && lacks.length === 0 ? null : unreached.length === 0,
    reach: Object.fromEntries(peers.map((peer) => [peer.host, reachOf(peer, explained)])),
    suspects: [...new Set(failures.filter(isSuspect).map(({ trial }) => trial.host))],
    text: describe(told, peers.length),
  };
}

function isSuspect({ finding }: Explained): boolean {
  return finding.isSuspect;
}

function describeSilence(host: string): string {
  return `${host}: serves no echo, so nothing was tried: it has no subnet, or its own result says why`;
}

/** One sentence for each host and cause, with all addresses that it is about. */
function sentencesOf(explained: readonly Explained[]): readonly string[] {
  const groups = new Map<string, Explained[]>();
  for (const one of explained) {
    const key = `${one.trial.host} ${one.finding.cause} ${one.finding.sentence}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Explained];
    const addresses = [...new Set(group.map(({ trial }) => trial.address))].join(", ");
    return `${first.trial.host} (${addresses}): ${first.finding.sentence}${placeOf(group)}`;
  });
}

/** Each once, and no words of doubt about a host for which another place has proof. */
function remediesOf(explained: readonly Explained[]): readonly string[] {
  const isProof = ({ finding }: Explained): boolean => finding.cause === "checksum";
  const proven = new Set(explained.filter(isProof).map(({ trial }) => trial.host));
  const sure = explained.filter(
    ({ trial, finding }) => finding.cause !== "checksum_or_firewall" || !proven.has(trial.host),
  );
  return [...new Set(sure.map(({ finding }) => finding.remedy))];
}

/** Says from where, when the sentence is not about both places. */
function placeOf(group: readonly Explained[]): string {
  const places = new Set(group.map(({ trial }) => trial.from));
  if (places.size > 1 || group.some(({ finding }) => finding.sentence.includes("this host")))
    return "";
  return places.has("pod") ? " (from a pod of this host)" : " (from this host itself)";
}

function reachOf({ host, trials }: PeerTrials, explained: readonly Explained[]): Reach {
  const failed = explained.find(({ trial, finding }) => trial.host === host && finding.isFailure);
  const pings = trials.map(({ ping }) => ping);
  const told = pings.includes(false) ? false : pings.includes(true) ? true : null;
  return {
    address: trials[0]?.address ?? null,
    ping: trials.length === 0 ? false : told,
    tcp: trials.length > 0 && failed === undefined,
    word: failed?.finding.word ?? (trials.length > 0 ? "ok" : "no"),
  };
}

function describe(
  told: Pick<Verdict, "unreached" | "oddities" | "remedies" | "tried">,
  peers: number,
): string {
  const { unreached, oddities, remedies, tried } = told;
  if (unreached.length > 0) return [`${unreached.join("; ")}.`, ...remedies].join(" ");
  if (peers === 0) return "there is no other host to try the overlay with";
  const reached = `${tried} of ${peers} other hosts reached over the overlay`;
  return [reached, ...oddities, ...remedies].join("; ");
}
