// The shape every module has: parse arguments -> observe -> plan -> apply -> report.

import { type ModuleArguments, parseArguments, readArgumentsText } from "./arguments";
import { ModuleError, StaleObservationError, messageOf } from "../base/errors";
import { describeInvocation, parseOptions } from "./options";
import { printResult } from "./output";
import { Redactor } from "./redact";
import { type ModuleSpec } from "./spec";

/** One before/after pair as `ansible-playbook --diff` shows it. */
export interface Diff {
  readonly before_header: string;
  readonly after_header: string;
  readonly before: string;
  readonly after: string;
}

/** One step of a plan. `changed`, `diff` and check mode are made of nothing else. */
export interface Change {
  /** What the step does, in the imperative: "write /etc/systemd/system/flanneld.service". */
  readonly summary: string;
  readonly diff?: Diff;
}

export interface Plan<C extends Change = Change> {
  readonly changes: readonly C[];
  readonly warnings?: readonly string[];
}

/** What a module may use of the run it is in. */
export interface ModuleContext {
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  readonly verbosity: number;
  readonly tmpDir: string | undefined;
  /** Shows a warning to the user, as `warnings` of the result. */
  warn(message: string): void;
  /** Hides this value, wherever it would be printed from now on. */
  protect(secret: unknown): void;
}

/**
 * A module. `plan` is pure; `apply` is called only with changes to make and outside check mode;
 * `report` gives the module's own keys of the result (`outcome` is undefined when nothing was
 * applied). Keys `changed`, `diff`, `warnings`, `invocation` and `changes` are the contract's.
 */
export interface ModuleDefinition<Options, Observation, P extends Plan, Outcome> {
  readonly spec: ModuleSpec<Options>;
  /** Secret values inside options that are not no_log as a whole (dicts, URLs). */
  readonly secretsOf?: (options: Options) => readonly unknown[];
  readonly observe: (
    options: Options,
    context: ModuleContext,
  ) => Observation | Promise<Observation>;
  readonly plan: (options: Options, observation: Observation) => P;
  readonly apply: (
    plan: P,
    options: Options,
    observation: Observation,
    context: ModuleContext,
  ) => Promise<Outcome>;
  /** Adds to a planned diff what only applying could find out, such as the digest of a download. */
  readonly completeDiff?: (diff: Diff, outcome: Outcome) => Diff;
  readonly report: (
    options: Options,
    observation: Observation,
    plan: P,
    outcome: Outcome | undefined,
  ) => Readonly<Record<string, unknown>>;
}

type Result = Readonly<Record<string, unknown>>;

/** Observing and planning anew after this many lost races is not going to help. */
const MAX_ATTEMPTS = 5;

/** Runs a module as a process: reads its arguments, prints one line of JSON, sets the exit code. */
export async function runModule<Options, Observation, P extends Plan, Outcome>(
  definition: ModuleDefinition<Options, Observation, P, Outcome>,
  embedded: string,
): Promise<void> {
  const redactor = new Redactor();
  const finish = (result: Result): never => {
    try {
      printResult(redactor.redact(result) as Result);
    } catch {
      process.exit(1); // nobody is reading
    }
    process.exit(result["failed"] === true ? 1 : 0);
  };
  const fail = (error: unknown): never => finish(describeFailure(definition.spec.name, error));
  // An uncaught exception would print its stack, and secrets with it.
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    const args = parseArguments(readArgumentsText(embedded, process.argv));
    finish(await execute(definition, args, redactor));
  } catch (error) {
    fail(error);
  }
}

/** A module run without process, input or output; throws ModuleError. */
export async function execute<Options, Observation, P extends Plan, Outcome>(
  definition: ModuleDefinition<Options, Observation, P, Outcome>,
  args: ModuleArguments,
  redactor: Redactor,
): Promise<Result> {
  const options = parseOptions(definition.spec, args.options, redactor);
  definition.secretsOf?.(options).forEach((secret) => {
    redactor.add(secret);
  });
  const warnings: string[] = [];
  const { checkMode, diffMode, verbosity, tmpDir } = args.settings;
  const context: ModuleContext = {
    checkMode,
    diffMode,
    verbosity,
    tmpDir,
    warn: (message) => {
      warnings.push(message);
    },
    protect: (secret) => {
      redactor.add(secret);
    },
  };
  const { plan, report, diffs } = await converge(definition, options, context);
  warnings.push(...(plan.warnings ?? []));
  return {
    changed: plan.changes.length > 0,
    ...report,
    changes: plan.changes.map((change) => change.summary),
    ...(diffMode ? { diff: diffs } : {}),
    ...(warnings.length > 0 ? { warnings: [...new Set(warnings)] } : {}),
    invocation: { module_args: describeInvocation(definition.spec.options, args.options) },
  };
}

async function converge<Options, Observation, P extends Plan, Outcome>(
  definition: ModuleDefinition<Options, Observation, P, Outcome>,
  options: Options,
  context: ModuleContext,
): Promise<{ plan: P; report: Result; diffs: readonly Diff[] }> {
  for (let attempt = 1; ; attempt++) {
    const observation = await definition.observe(options, context);
    const plan = definition.plan(options, observation);
    try {
      const mustApply = plan.changes.length > 0 && !context.checkMode;
      const outcome = mustApply
        ? await definition.apply(plan, options, observation, context)
        : undefined;
      const planned = plan.changes.flatMap((change) => change.diff ?? []);
      const diffs =
        outcome === undefined
          ? planned
          : planned.map((diff) => definition.completeDiff?.(diff, outcome) ?? diff);
      return { plan, report: definition.report(options, observation, plan, outcome), diffs };
    } catch (error) {
      if (!(error instanceof StaleObservationError) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function describeFailure(name: string, error: unknown): Result {
  if (error instanceof ModuleError) {
    return {
      changed: false,
      ...error.result,
      failed: true,
      msg: error.message,
      error_code: error.code,
    };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    failed: true,
    changed: false,
    error_code: "internal",
    msg: `${name}: internal error, please report it: ${messageOf(error)}`,
    ...(stack === undefined ? {} : { exception: stack }),
  };
}
