// What a change of the configuration does to the daemons that hold leases, and how to tell it.

import { type SettingDifference, describeDifference, differencesOf } from "./config-difference";
import { isSharedSetting } from "./backend-table";
import { type Lease, describeLease } from "./lease";
import { type Fate, foresee } from "./lease-fate";
import { type NetworkConfig } from "./network-config";
import { type FlannelVersion } from "./version";

/** What becomes of a daemon that starts anew while the others go on as they are. */
export type AfterRestart = "keeps" | "renumbered" | "unreachable" | "cannot_start" | "unused";

export interface Outlook {
  readonly lease: Lease;
  readonly fate: Fate;
  /** Why it cannot talk to the daemons that go on. */
  readonly parted: string | undefined;
}

/** From which configuration to which, as the daemons of this version read them. */
export interface Transition {
  /** Undefined where there is none, or none that flannel can use. */
  readonly before: NetworkConfig | undefined;
  readonly after: NetworkConfig | undefined;
  readonly version: FlannelVersion;
}

/** Foresees the next start of every daemon, which is told by its lease more than by the old text. */
export function foreseeOverlay(
  leases: readonly Lease[],
  transition: Transition,
): readonly Outlook[] {
  const { after, version } = transition;
  const fates = foresee(leases, after, version);
  const disagreement = disagreementOf(transition);
  return leases.map((lease, index) => ({
    lease,
    fate: fates[index] ?? { subnet: "none", why: undefined },
    parted: partedBy(lease, transition) ?? disagreement,
  }));
}

/** The worst of it in one word. */
export function afterRestart({ fate, parted }: Outlook): AfterRestart {
  if (fate.subnet === "none") return "cannot_start";
  if (fate.subnet === "unused") return "unused";
  if (fate.subnet === "other") return "renumbered";
  return parted === undefined ? "keeps" : "unreachable";
}

/** "10.200.31.0/24 of 10.8.0.111" of every daemon that gets another subnet. */
export function renumberedOf(outlooks: readonly Outlook[]): readonly string[] {
  return outlooks
    .filter((outlook) => afterRestart(outlook) === "renumbered")
    .map(({ lease }) => describeLease(lease));
}

/** The same of every daemon that cannot start, or cannot talk to those that go on. */
export function unreachableOf(outlooks: readonly Outlook[]): readonly string[] {
  return outlooks
    .filter(({ fate, parted }) => fate.subnet === "none" || isParted({ fate, parted }))
    .map(({ lease }) => describeLease(lease));
}

/** A sentence for each kind of damage, with the hosts and subnets; none where all goes on. */
export function describeDisruptions(outlooks: readonly Outlook[]): readonly string[] {
  const groups = new Map<string, Lease[]>();
  for (const { lease, fate, parted } of outlooks) {
    const told = [describeLoss(fate), isParted({ fate, parted }) ? parted : undefined];
    for (const reason of told) {
      if (reason !== undefined) groups.set(reason, [...(groups.get(reason) ?? []), lease]);
    }
  }
  return [...groups].map(([reason, leases]) => `${reason}: ${listLeases(leases)}`);
}

/** As many as one can read: "10.200.1.0/24 of 10.8.0.1, 10.200.2.0/24 of 10.8.0.2 and 147 more". */
export function listLeases(leases: readonly Lease[]): string {
  const told = leases.slice(0, MOST_TOLD).map(describeLease).join(", ");
  const more = leases.length - MOST_TOLD;
  return more > 0 ? `${told} and ${more} more` : told;
}

const MOST_TOLD = 8;

function isParted({ fate, parted }: Pick<Outlook, "fate" | "parted">): boolean {
  return parted !== undefined && fate.subnet !== "unused" && fate.subnet !== "none";
}

function describeLoss({ subnet, why }: Fate): string | undefined {
  if (subnet === "other") return `another subnet at the next start (${why ?? "unfit"})`;
  return subnet === "none" ? `no start (${why ?? "unknown"})` : undefined;
}

/** By the options that all daemons must share, where the old text tells of the same backend. */
function disagreementOf({ before, after, version }: Transition): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  const type = typeOf(after);
  if (typeOf(before) !== type) return undefined;
  const shared = differencesOf(before, after).filter(({ key }) =>
    isSharedSetting(type, key, version),
  );
  return shared.length === 0 ? undefined : tellParted(shared);
}

/** By what the daemon wrote into its lease. */
function partedBy(lease: Lease, { before, after }: Transition): string | undefined {
  if (after === undefined) return undefined;
  const type = typeOf(after);
  const running = lease.backendType ?? (before === undefined ? undefined : typeOf(before));
  if (running !== undefined && running !== type) {
    return tellParted([{ key: "Backend.Type", before: running, after: type }]);
  }
  const vni = after.settings.get("Backend.VNI");
  if (before !== undefined || lease.vni === undefined || type !== "vxlan") return undefined;
  // Daemons before v0.24 wrote 16 of its 24 bits.
  if (typeof vni !== "number" || lease.vni === vni || lease.vni === vni % 65_536) return undefined;
  return tellParted([{ key: "Backend.VNI", before: lease.vni, after: vni }]);
}

function tellParted(differences: readonly SettingDifference[]): string {
  const told = differences.map(describeDifference).join(" and ");
  return `${told}, and old and new daemons cannot talk to each other`;
}

function typeOf({ settings }: NetworkConfig): string {
  return String(settings.get("Backend.Type"));
}
