// A change of the configuration is one of the whole fleet: the text before it is kept until every daemon runs under
// the next one, and put back when one does not.

import { type Plan } from "../../ansible/module";
import { differencesOf } from "../../flannel/config-difference";
import { type Setting } from "../../flannel/backend-table";
import { type NetworkConfig } from "../../flannel/network-config";
import { type Change, forgetPrevious, keepPrevious, putBackConfig } from "./changes";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Outcomes } from "./outcomes";
import { type KeptTexts, type Previous, renderKept } from "./previous";

type Steps = Plan<Change>;

/** What came of the change, and in words why it was taken back. */
export interface Settlement extends Steps {
  readonly verdict?: string;
  /** All that the hosts have told whose daemons did not come up. */
  readonly failures?: Outcomes;
}

/** The texts that would be kept if this one was written. What daemons have not been seen under is no way back. */
function keptFor({ stored, previous }: Observed, next: string): KeptTexts | undefined {
  if (stored?.reading.config === undefined) return undefined;
  if (previous?.isOpen !== true) return { previous: stored.value, next: [next] };
  // A run that is killed before the next write finds the change before it as it was.
  return { previous: previous.previous, next: [stored.value, next] };
}

/** Whether somebody has begun to write this very text, so that it does not matter who of us does it. */
export function isBegun(observed: Observed, next: string): boolean {
  const kept = keptFor(observed, next);
  return kept !== undefined && observed.previous?.entry.value === renderKept(kept);
}

/** The way back to what is declared, where a change away from it was not settled; undefined: there is none. */
export function tryPlanReturn(
  { previous, stored, key }: Observed,
  wanted: NetworkConfig | undefined,
): Steps | undefined {
  if (previous?.isOpen !== true || previous.config === undefined || wanted === undefined) {
    return undefined;
  }
  if (differencesOf(previous.config, wanted).length > 0) return undefined;
  return { changes: putBack({ previous, stored, key }, previous.config) };
}

/** The same plan, with the steps that keep the text before it, and that clear away what is over. */
export function withWayBack<P extends Steps>(
  declared: Declared,
  observed: Observed,
  planned: P,
): P {
  const { previous, leases, stored, mayKeep } = observed;
  if (!declared.keepsPrevious || (planned.obstacles ?? []).length > 0) return planned;
  const write = planned.changes.find((change) => change.kind === "write");
  if (write?.isReturn === true) return planned;
  const isOver = previous !== undefined && (write !== undefined || !previous.isOpen);
  const kept = write === undefined ? undefined : keptFor(observed, write.value);
  if (kept === undefined || stored === undefined || leases.length === 0) {
    return isOver
      ? { ...planned, changes: [...planned.changes, forgetPrevious(observed)] }
      : planned;
  }
  if (!mayKeep)
    return withWarning(
      planned,
      `${observed.key}: etcd does not let this user keep the previous configuration, so nothing can be put back if a daemon does not come up`,
    );
  if (write === undefined || isBegun(observed, write.value)) return planned;
  return { ...planned, changes: [keepPrevious(observed, kept), ...planned.changes] };
}

function withWarning<P extends Steps>(planned: P, warning: string): P {
  return { ...planned, warnings: [...(planned.warnings ?? []), warning] };
}

/** What is to be done when hosts have told how their daemons have come up. */
export function planSettled(
  { outcomes, hosts, revision }: Declared,
  observed: Observed,
): Settlement {
  const { previous, stored, key } = observed;
  const failed = [...outcomes].filter(([, words]) => words !== "");
  if (failed.length === 0) {
    const isDone = outcomes.size > 0 && hosts.every((host) => outcomes.has(host));
    return { changes: isDone && previous !== undefined ? [forgetPrevious(observed)] : [] };
  }
  const reason = `flanneld did not come up with it on ${describe(failed)}`;
  const isOther = revision !== undefined && stored?.revision !== revision;
  if (previous?.isOpen !== true || previous.config === undefined || isOther) {
    const why =
      isOther || previous !== undefined
        ? "someone else has changed it since"
        : "no previous configuration was kept";
    return refuse(`${key}: ${reason}; nothing was put back, because ${why}`);
  }
  const verdict = `${key}: the previous configuration was put back (${describeReturn(observed, previous.config)}), because ${reason}`;
  return {
    changes: putBack({ previous, stored, key }, previous.config),
    verdict,
    failures: new Map(failed),
  };
}

function refuse(message: string): Settlement {
  return { changes: [], obstacles: [{ code: "conflict", message, lasting: true }] };
}

/** The text first: what is kept is of no use any more only when it is back. */
function putBack(
  observed: Pick<Observed, "key" | "stored"> & { readonly previous: Previous },
  config: NetworkConfig,
): readonly Change[] {
  return [putBackConfig(observed, config, observed.previous.previous), forgetPrevious(observed)];
}

/** What each says first: it goes on with lines of its journal. */
function describe(failed: readonly (readonly [string, string])[]): string {
  const brief = (words: string) => (words.split("\n")[0] ?? "").replace(/;[^;]*:$/, "");
  return failed.map(([host, words]) => `${host}: ${brief(words)}`).join("; ");
}

function describeReturn({ stored }: Observed, previous: NetworkConfig): string {
  const config = stored?.reading.config;
  if (config === undefined) return "flannel could not use the new one";
  const show = (value: Setting | null): string => (value === null ? "not set" : String(value));
  return differencesOf(config, previous)
    .map(({ key, before, after }) => `${key} was ${show(before)}, is ${show(after)} again`)
    .join("; ");
}
