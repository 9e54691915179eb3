// The contract of every module: declare -> observe -> plan -> apply -> report. Read this first; run.ts
// is the loop that calls the five, and the only one that knows what was done.

import { type ErrorCode } from "../base/errors";
import { type ModuleSpec } from "./spec";

/** One before/after pair as `ansible-playbook --diff` shows it. */
export interface Diff {
  readonly before_header: string;
  readonly after_header: string;
  readonly before: string;
  readonly after: string;
}

/** One step of a plan. `changed`, `changes`, `diff` and check mode are made of nothing else. */
export interface Change {
  /** What the step does, in the imperative: "write /etc/systemd/system/flanneld.service". */
  readonly summary: string;
  readonly diff?: Diff;
}

/** Why a plan must not be carried out. */
export interface Obstacle {
  readonly code: ErrorCode;
  readonly message: string;
  /** No task before this one could take it away, so that check mode refuses as a real run does. */
  readonly lasting?: boolean;
  /** Keys of the result that explain it. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** What shall be done, in this order, and what there is to say about it. */
export interface Plan<C extends Change = Change> {
  readonly changes: readonly C[];
  readonly warnings?: readonly string[];
  /** Any of them refuses the plan before its first change; check mode only warns of passing ones. */
  readonly obstacles?: readonly Obstacle[];
}

/** What a module may use of the run it is in. */
export interface Context {
  readonly checkMode: boolean;
  /** 1, and more after a lost race: someone else changed what had been observed. */
  readonly attempt: number;
  /** Shows a warning to the user, as `warnings` of the result. */
  warn(message: string): void;
  /** Hides this value, wherever it would be printed from now on; for secrets that are observed. */
  protect(secret: unknown): void;
}

/** What `apply` has beside its change. */
export interface Run<Declared, Observed, P extends Plan> {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly plan: P;
  /**
   * Enters a change into the journal at the moment of its effect: for an apply that goes on after it
   * (waits, undoes), does more than was planned, or only now knows the diff. The loop enters the
   * planned change when apply returns without having done so.
   */
  record(change: P["changes"][number]): void;
  /**
   * Takes a change out of the journal that was undone, so that nothing is left of it; and keeps out
   * the one under way that turned out to be none, because somebody else has made it.
   */
  revoke(change: P["changes"][number]): void;
}

/** The changes that the result tells: the planned ones in check mode, else those carried out. */
export interface Told<C extends Change, Outcome> {
  readonly changes: readonly C[];
  readonly outcome: Outcome;
}

/**
 * A module: what it takes to look at the options, and the rest, which is loaded when they are accepted: a run
 * that refuses them pays for no more than that.
 */
export interface Module<Options, Declared, Observed, P extends Plan, Outcome> {
  readonly spec: ModuleSpec<Options>;
  /** Secret values inside options that are not no_log as a whole (dicts, URLs), and in the environment. */
  readonly secretsOf?: (options: Options) => readonly unknown[];
  /** Loads the verbs: the build makes a part of its own of `verbs.ts` and what only it needs. */
  readonly verbs: () => Verbs<Options, Declared, Observed, P, Outcome>;
}

/**
 * `declare` is the only one that sees options, `plan` is pure, `apply` carries out one change.
 * The keys `changed`, `changes`, `diff`, `warnings`, `invocation`, `failed`, `msg` and `error_code` of
 * the result are the contract's; all others come from `report`.
 */
export interface Verbs<Options, Declared, Observed, P extends Plan, Outcome> {
  /** Once per run: what shall be. No host, no network. Throws `invalid_arguments`, `invalid_config`. */
  readonly declare: (options: Options, context: Context) => Declared | Promise<Declared>;
  /** Once per attempt: what is. Reads only. */
  readonly observe: (declared: Declared, context: Context) => Observed | Promise<Observed>;
  readonly plan: (declared: Declared, observed: Observed, context: Context) => P;
  /** The last checks before the first change of an attempt; what it throws has changed nothing. */
  readonly prepare?: (
    outcome: Outcome,
    run: Run<Declared, Observed, P>,
  ) => Outcome | Promise<Outcome>;
  /** One change, atomic and safe to be killed in. Returns what is known by now. */
  readonly apply: (
    change: P["changes"][number],
    outcome: Outcome,
    run: Run<Declared, Observed, P>,
  ) => Outcome | Promise<Outcome>;
  /** The outcome while nothing has been applied. */
  readonly nothing: Outcome;
  /** The module's own keys, also of a run that failed after it had planned. */
  readonly report: (
    declared: Declared,
    observed: Observed,
    plan: P,
    told: Told<P["changes"][number], Outcome>,
  ) => Readonly<Record<string, unknown>>;
}
