// The module: the network configuration in etcd is what is declared, or the result says why not.

import { StaleObservationError } from "../../base/errors";
import { type ModuleDefinition } from "../../ansible/module";
import { changeKey } from "../../etcd/change-key";
import { capacityOf, reportLease } from "../../flannel/lease";
import { readNetworkConfig } from "../../flannel/network-config";
import { type FlannelEtcdConfigOptions, spec } from "../../generated/flannel_etcd_config";
import { maskWithFingerprints } from "./diff";
import { type Observation, type Session, observe, openSession } from "./observe";
import { type EtcdChange, type EtcdPlan, planEtcdConfig } from "./plan";

/** The revision of the key after the last change; null where there is no key any more. */
type Outcome = number | null;

/** A definition for one run: connection, deadline and lost races outlive a second observation. */
export function createModule(): ModuleDefinition<
  FlannelEtcdConfigOptions,
  Observation,
  EtcdPlan,
  Outcome
> {
  let session: Session | undefined;
  let raced = false;
  return {
    spec,
    observe: async (options, context) => {
      session ??= await openSession(options, context);
      return observe(options, session, raced, context);
    },
    plan: planEtcdConfig,
    apply: async (plan, _options, observation) => {
      try {
        return await applyPlan(plan, observation);
      } catch (error) {
        raced ||= error instanceof StaleObservationError;
        throw error;
      }
    },
    report,
  };
}

async function applyPlan(plan: EtcdPlan, observation: Observation): Promise<Outcome> {
  let revision: Outcome = observation.stored?.revision ?? null;
  for (const change of plan.changes) {
    revision = await applyChange(change, observation);
  }
  return revision;
}

async function applyChange(change: EtcdChange, observation: Observation): Promise<Outcome> {
  const { store, key, stored } = observation;
  switch (change.kind) {
    case "write":
      return changeKey(store, {
        key,
        before: stored,
        after: JSON.stringify(change.config.document),
      });
    case "remove":
      await changeKey(store, { key, before: stored, after: undefined });
      return null;
    case "purge":
      for (const { entry } of change.leases) {
        await changeKey(store, { key: entry.key, before: entry, after: undefined });
      }
      return null;
  }
}

function report(
  _options: FlannelEtcdConfigOptions,
  observation: Observation,
  plan: EtcdPlan,
  outcome: Outcome | undefined,
): Readonly<Record<string, unknown>> {
  const { store, key, stored, elsewhere, leases } = observation;
  const { endpoint, etcdVersion, transport } = store.origin;
  const writes = plan.changes.length > 0;
  const after = resultOf(observation, plan);
  const left = plan.changes.some(({ kind }) => kind === "purge") ? [] : leases;
  return {
    api: store.api,
    etcd_version: etcdVersion ?? null,
    endpoint,
    transport,
    key,
    config: maskWithFingerprints(after) ?? null,
    differences: plan.differences,
    revision: writes ? (outcome ?? null) : (stored?.revision ?? null),
    leases: left.map(reportLease),
    capacity: capacityAfter(observation, after, left) ?? null,
    restart_required: plan.restartRequired,
    other_api: elsewhere.find(({ api }) => api !== store.api)?.api ?? null,
  };
}

/** The document in etcd when the plan has been carried out; undefined: none. */
function resultOf({ stored }: Observation, plan: EtcdPlan): unknown {
  for (const change of plan.changes) {
    if (change.kind === "write") return change.config.document;
    if (change.kind === "remove") return undefined;
  }
  return stored?.document ?? stored?.value;
}

function capacityAfter(
  { reader }: Observation,
  document: unknown,
  leases: Observation["leases"],
): ReturnType<typeof capacityOf> {
  const { config } = readNetworkConfig(document, reader);
  return config === undefined ? undefined : capacityOf(config.ranges, leases);
}
