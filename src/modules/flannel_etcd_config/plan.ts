// From what is declared and what is there to what is to be done. Pure, and never throws.

import { type Obstacle, type Plan as AnyPlan } from "../../ansible/module";
import { type ErrorCode } from "../../base/errors";
import { warnOfCluster } from "../../etcd/cluster";
import { type Difference } from "../../flannel/config-difference";
import {
  type Outlook,
  describeDisruptions,
  foreseeOverlay,
  listLeases,
} from "../../flannel/disruption";
import { type NetworkConfig } from "../../flannel/network-config";
import { type Change, forgetPrevious, purgeLease, removeConfig, writeConfig } from "./changes";
import { checkConfig, judge } from "./check";
import { compare, describeAll, describeKept, describeUnusable } from "./comparison";
import { findLackingHosts } from "./lacks";
import { type Declared } from "./declare";
import { type Observed, type StoredConfig } from "./observe";
import { planForgetting } from "./forget-v2";
import { type Outcomes } from "./outcomes";
import { planReservations } from "./reserve";
import { isBegun, planSettled, tryPlanReturn, withWayBack } from "./settle";

export interface Plan extends AnyPlan<Change> {
  /** Found against declared. */
  readonly differences: readonly Difference[];
  /** Whether running daemons have to be restarted to follow the changes. */
  readonly restartRequired: boolean;
  /** What each daemon with a lease would do at its next start, in the order of the leases. */
  readonly outlooks: readonly Outlook[];
  /** Why a change was taken back. */
  readonly verdict?: string;
  /** What the hosts have told for which it was taken back. */
  readonly failures?: Outcomes;
}

/** What the plan is made from: the declared configuration as it is to be written, if there is one. */
interface Case {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly wanted: NetworkConfig | undefined;
}

const NOTHING: Plan = { changes: [], differences: [], restartRequired: false, outlooks: [] };

/** The steps, and why not to take them. */
export function plan(declared: Declared, observed: Observed): Plan {
  const { document } = declared;
  const checked = document === undefined ? undefined : checkConfig(document, observed.reader);
  if (checked?.fault !== undefined) return { ...NOTHING, obstacles: [checked.fault] };
  const given = { declared, observed, wanted: checked?.config };
  const kept = guard(given, planState(given));
  const reserved = join(kept, reserve(given, kept));
  const planned = join(reserved, planForgetting(declared, observed));
  const notes = (checked?.notes ?? []).map((note) => `config: ${note}`);
  const warnings = [
    ...(planned.warnings ?? []),
    ...describeLeft(given, planned),
    ...warnOfCluster(observed.cluster, planned.changes.length > 0),
    ...notes,
  ];
  return { ...planned, warnings };
}

/** Writes nothing that costs a running daemon its subnet or its peers, unless that is allowed. */
function guard({ declared, observed, wanted }: Case, planned: Plan): Plan {
  const { key, stored, leases, reader } = observed;
  const written = planned.changes.find((change) => change.kind === "write");
  const declaredOne = written?.config ?? wanted ?? stored?.reading.config;
  const outlooks = foreseeOverlay(leases, {
    before: stored?.reading.config,
    after: declared.state === "absent" ? undefined : declaredOne,
    version: reader.version,
  });
  const foreseen = { ...planned, outlooks };
  // The way back is from a damage.
  const isChange = written !== undefined && written.isReturn !== true;
  const damage = isChange ? describeDisruptions(outlooks) : [];
  if (damage.length === 0) return foreseen;
  const told = `${key}: of ${leases.length} daemons that hold leases: ${damage.join("; ")}`;
  if (declared.allowsDisruption) {
    return { ...foreseen, warnings: [...(planned.warnings ?? []), told] };
  }
  return refuse(
    foreseen,
    "refused",
    `${told}; nothing was written, because that would break the network of running pods: plan a downtime in which all daemons restart, then set allow_disruptive: true`,
  );
}

function join(first: Plan, { changes, obstacles, warnings }: AnyPlan<Change>): Plan {
  return {
    ...first,
    changes: [...first.changes, ...changes],
    obstacles: [...(first.obstacles ?? []), ...(obstacles ?? [])],
    warnings: [...(first.warnings ?? []), ...(warnings ?? [])],
  };
}

/** After the configuration by which they are checked. */
function reserve({ declared, observed, wanted }: Case, planned: Plan): AnyPlan<Change> {
  const { reservations, prefix, api, allowsDisruption, state } = declared;
  if (state !== "present") return { changes: [] };
  const written = planned.changes.find((change) => change.kind === "write");
  const config = written?.config ?? observed.stored?.reading.config ?? wanted;
  const { leases } = observed;
  return planReservations({ reservations, leases, config, prefix, api, allowsDisruption });
}

function planState(given: Case): Plan {
  switch (given.declared.state) {
    case "query":
      return {
        ...NOTHING,
        differences: compare(given.observed.stored, given.wanted),
        warnings: describeElsewhere(given.declared, given.observed),
      };
    case "absent":
      return planAbsent(given);
    case "present":
      return withWayBack(given.declared, given.observed, planPresent(given));
    case "settled":
      return { ...NOTHING, ...planSettled(given.declared, given.observed) };
  }
}

function planPresent(given: Case): Plan {
  const { declared, observed, wanted } = given;
  const { stored, elsewhere } = observed;
  const old = declared.migratesFromV2 ? elsewhere.find(({ api }) => api === "v2") : undefined;
  const existing = stored ?? old;
  if (existing === undefined) return planCreate(given);
  const differences = compare(existing, wanted);
  const kept = stored === undefined ? planMigration(observed, existing) : NOTHING;
  if (differences.length === 0) return kept;
  const back = tryPlanReturn(observed, wanted);
  if (back !== undefined) return { ...NOTHING, ...back, differences, restartRequired: true };
  const told = `${observed.key}: ${describeAll(existing, wanted)}`;
  if (declared.ifExists === "fail") {
    return refuse({ ...NOTHING, differences }, "conflict", `${told} (if_exists: fail)`);
  }
  if (declared.ifExists === "keep" || wanted === undefined) {
    return { ...kept, differences, warnings: [describeKept(told, observed)] };
  }
  return planUpdate(given, existing, wanted, differences);
}

function planCreate({ declared, observed, wanted }: Case): Plan {
  if (wanted === undefined) {
    const message = `${observed.key}: neither etcd's v3 nor its v2 store has a configuration to take over; declare one with config or network`;
    return refuse(NOTHING, "not_found", message);
  }
  return {
    ...NOTHING,
    changes: [writeConfig(observed, wanted)],
    obstacles: findLackingHosts(observed.key, declared.lacks),
    warnings: describeElsewhere(declared, observed),
  };
}

function planMigration(observed: Observed, existing: StoredConfig): Plan {
  const origin = `${observed.key} in etcd's v2 store`;
  const { config, fault } = judge(existing.reading, origin);
  if (fault !== undefined) return { ...NOTHING, obstacles: [fault] };
  return { ...NOTHING, changes: [writeConfig(observed, config)] };
}

function planUpdate(
  { declared, observed }: Case,
  existing: StoredConfig,
  wanted: NetworkConfig,
  differences: readonly Difference[],
): Plan {
  const write = writeConfig(observed, wanted);
  if (observed.raced && !isBegun(observed, write.value)) {
    const told = `${observed.key}: ${describeAll(existing, wanted)}`;
    const why = "someone else wrote it while this task ran";
    return refuse({ ...NOTHING, differences }, "conflict", `${told} (${why})`);
  }
  return {
    ...NOTHING,
    changes: [write],
    obstacles: findLackingHosts(observed.key, declared.lacks),
    differences,
    restartRequired: true,
  };
}

/** The configuration first: without it no daemon can take another lease. */
function planAbsent({ declared, observed }: Case): Plan {
  const { stored, previous, leases, key } = observed;
  const changes = [
    ...(stored === undefined ? [] : [removeConfig(observed)]),
    ...(previous === undefined ? [] : [forgetPrevious(observed)]),
    ...(declared.purgesLeases ? leases.map((lease) => purgeLease(lease)) : []),
  ];
  const removal = { ...NOTHING, changes };
  if (changes.length === 0 || leases.length === 0 || declared.allowsDisruption) return removal;
  return refuse(
    removal,
    "refused",
    `${key}: daemons hold leases: ${listLeases(leases)}; stop them and wait until the leases have ended, or set allow_disruptive: true`,
  );
}

/** No earlier task of a play can take away what stands against a plan of this module. */
function refuse(planned: Plan, code: ErrorCode, message: string): Plan {
  const obstacle: Obstacle = { code, message, lasting: true };
  return { ...planned, obstacles: [obstacle, ...(planned.obstacles ?? [])] };
}

/** The commonest reason why a daemon finds nothing: there is something, in another place. */
function describeElsewhere({ api, readerName }: Declared, observed: Observed): string[] {
  const { key, elsewhere } = observed;
  return elsewhere.map((found) => {
    const told = `${found.key}: etcd's ${found.api} store has a configuration there, but ${readerName} reads ${key} in ${api}, where there is none`;
    if (found.api === api) return `${told}; is the leading slash of prefix right?`;
    return found.api === "v2"
      ? `${told}; migrate_from_v2: true takes it over`
      : `${told}; is flannel_version right?`;
  });
}

/** What stays in etcd although flannel cannot use it, or passes over faults of it in silence. */
function describeLeft({ declared, observed, wanted }: Case, { changes }: Plan): string[] {
  const { key, stored } = observed;
  if (stored === undefined || changes.length > 0) return [];
  const { config, findings } = stored.reading;
  // With a declared one beside it, the differences tell.
  const isTold = config !== undefined || (declared.state === "present" && wanted !== undefined);
  const unusable = isTold ? [] : [`${key}: ${describeUnusable(findings.refusals)}`];
  return [...unusable, ...findings.hazards.map((hazard) => `${key}: in etcd: ${hazard}`)];
}
