// From what is declared and what is there to what is to be done. Pure.

import { ModuleError } from "../../base/errors";
import { type Change, type Plan } from "../../ansible/module";
import {
  type Difference,
  describeDifference,
  differencesOf,
  disruptionsOf,
} from "../../flannel/config-difference";
import { describeLease } from "../../flannel/lease";
import { type NetworkConfig } from "../../flannel/network-config";
import { type FlannelEtcdConfigOptions } from "../../generated/flannel_etcd_config";
import { checkDeclared } from "./declared";
import { configDiff, leasesDiff } from "./diff";
import { type HeldLease, type Observation, type StoredConfig } from "./observe";

type Options = FlannelEtcdConfigOptions;

export type EtcdChange = Change &
  (
    | { readonly kind: "write"; readonly config: NetworkConfig }
    | { readonly kind: "remove" }
    | { readonly kind: "purge"; readonly leases: readonly HeldLease[] }
  );

export interface EtcdPlan extends Plan<EtcdChange> {
  /** Found against declared. */
  readonly differences: readonly Difference[];
  readonly restartRequired: boolean;
}

/** Throws ModuleError for what must not be done; so check mode refuses what a real run refuses. */
export function planEtcdConfig(options: Options, observation: Observation): EtcdPlan {
  const plan = planState(options, observation);
  const notes = (observation.declared?.notes ?? []).map((note) => `config: ${note}`);
  const warnings = [...(plan.warnings ?? []), ...describeLeft(observation, plan), ...notes];
  return { ...plan, warnings };
}

function planState(options: Options, observation: Observation): EtcdPlan {
  switch (options.state) {
    case "query":
      return {
        ...NOTHING,
        differences: compare(observation.stored, observation),
        warnings: describeElsewhere(options, observation),
      };
    case "absent":
      return planAbsent(options, observation);
    case "present":
      return planPresent(options, observation);
  }
}

const NOTHING: EtcdPlan = { changes: [], differences: [], restartRequired: false };

function planPresent(options: Options, observation: Observation): EtcdPlan {
  const { stored, elsewhere, declared } = observation;
  const old = options.migrate_from_v2 ? elsewhere.find(({ api }) => api === "v2") : undefined;
  const existing = stored ?? old;
  if (existing === undefined) return planCreate(options, observation);
  const differences = compare(existing, observation);
  if (differences.length === 0) {
    return stored === undefined ? planMigration(observation, existing) : NOTHING;
  }
  const told = `${observation.key}: ${describeAll(existing, differences)}`;
  if (options.if_exists === "fail") throw conflict(told, "if_exists: fail", differences);
  if (options.if_exists === "keep" || declared === undefined) {
    const plan = stored === undefined ? planMigration(observation, existing) : NOTHING;
    return { ...plan, differences, warnings: [describeKept(told, observation)] };
  }
  return planUpdate(options, observation, existing, declared.config, differences);
}

function planCreate(options: Options, observation: Observation): EtcdPlan {
  const { declared } = observation;
  if (declared === undefined) {
    throw new ModuleError(
      "not_found",
      `${observation.key}: neither etcd's v3 nor its v2 store has a configuration to take over; declare one with config or network`,
    );
  }
  return {
    ...NOTHING,
    changes: [writeChange(observation, declared.config)],
    warnings: describeElsewhere(options, observation),
  };
}

function planMigration(observation: Observation, existing: StoredConfig): EtcdPlan {
  const origin = `${observation.key} in etcd's v2 store`;
  const { config } = checkDeclared(existing.document, observation.reader, origin);
  return { ...NOTHING, changes: [writeChange(observation, config)] };
}

function planUpdate(
  options: Options,
  observation: Observation,
  existing: StoredConfig,
  wanted: NetworkConfig,
  differences: readonly Difference[],
): EtcdPlan {
  const told = `${observation.key}: ${describeAll(existing, differences)}`;
  if (observation.raced) {
    throw conflict(told, "someone else wrote it while this task ran", differences);
  }
  const before = existing.reading.config;
  const reasons = before === undefined ? [] : disruptionsOf(before, wanted, observation.leases);
  if (reasons.length > 0 && !options.allow_disruptive) {
    const holders = observation.leases.map(describeLease).join(", ");
    throw new ModuleError(
      "refused",
      `${observation.key}: the change would break the network of running daemons: ${reasons.join("; ")} (leases: ${holders}); stop the daemons first, or set allow_disruptive: true`,
      { result: { differences } },
    );
  }
  return { changes: [writeChange(observation, wanted)], differences, restartRequired: true };
}

function planAbsent(options: Options, observation: Observation): EtcdPlan {
  const { stored, leases, key } = observation;
  const changes: EtcdChange[] = [];
  if (stored !== undefined) {
    changes.push({
      kind: "remove",
      summary: `remove ${key}`,
      diff: configDiff(key, stored.value, undefined),
    });
  }
  if (options.purge_leases && leases.length > 0) {
    changes.push({
      kind: "purge",
      leases,
      summary: `remove ${leases.length} ${leases.length === 1 ? "lease" : "leases"}`,
      diff: leasesDiff(leases),
    });
  }
  if (changes.length > 0 && leases.length > 0 && !options.allow_disruptive) {
    throw new ModuleError(
      "refused",
      `${key}: daemons hold leases: ${leases.map(describeLease).join(", ")}; stop them and wait until the leases have ended, or set allow_disruptive: true`,
    );
  }
  return { ...NOTHING, changes };
}

function writeChange(observation: Observation, config: NetworkConfig): EtcdChange {
  const { key, stored } = observation;
  return {
    kind: "write",
    config,
    summary: `${stored === undefined ? "create" : "update"} ${key}`,
    diff: configDiff(key, stored?.value, JSON.stringify(config.document)),
  };
}

/** A configuration that flannel cannot use differs as a whole. */
function compare(
  existing: StoredConfig | undefined,
  { declared }: Observation,
): readonly Difference[] {
  if (existing === undefined || declared === undefined) return [];
  const { config, findings } = existing.reading;
  if (config !== undefined) return differencesOf(config, declared.config);
  return [{ key: "config", before: `unusable: ${findings.refusals.join("; ")}`, after: null }];
}

function describeAll(existing: StoredConfig, differences: readonly Difference[]): string {
  const { config, findings } = existing.reading;
  return config === undefined
    ? `flannel cannot use the configuration in etcd (${findings.refusals.join("; ")})`
    : `the configuration in etcd is another one: ${differences.map(describeDifference).join("; ")}`;
}

function describeKept(told: string, { raced }: Observation): string {
  const winner = raced ? "someone else wrote it while this task ran and it" : "it";
  return `${told}; ${winner} was kept, set if_exists: update to write the declared one`;
}

/** The commonest reason why a daemon finds nothing: there is something, in another place. */
function describeElsewhere(options: Options, { key, store, elsewhere }: Observation): string[] {
  const reader = options.flannel_version ?? "the flannel that is declared";
  return elsewhere.map((found) => {
    const told = `${found.key}: etcd's ${found.api} store has a configuration there, but ${reader} reads ${key} in ${store.api}, where there is none`;
    if (found.api === store.api) return `${told}; is the slash in front of prefix right?`;
    return found.api === "v2"
      ? `${told}; migrate_from_v2: true takes it over`
      : `${told}; is flannel_version right?`;
  });
}

/** What stays in etcd with faults that flannel passes over in silence. */
function describeLeft({ key, stored }: Observation, { changes }: EtcdPlan): string[] {
  if (stored === undefined || changes.length > 0) return [];
  return stored.reading.findings.hazards.map((hazard) => `${key}: in etcd: ${hazard}`);
}

function conflict(told: string, why: string, differences: readonly Difference[]): ModuleError {
  return new ModuleError("conflict", `${told} (${why})`, { result: { differences } });
}
