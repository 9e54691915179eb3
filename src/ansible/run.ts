// One run of a module: the loop around the five verbs. It alone knows what was done, so that a result
// tells the truth after a failure, a lost race or a signal, too.

import { ModuleError, StaleObservationError, messageOf } from "../base/errors";
import { type ModuleArguments } from "./arguments";
import { type Change, type Context, type Module, type Plan, type Run, type Verbs } from "./module";
import { describeInvocation, parseOptions } from "./options";
import { Redactor } from "./redact";
import { type Result, describeDone, joinDiffs, nullsFor } from "./result";

/** Observing and planning anew after this many lost races is not going to help. */
const MAX_ATTEMPTS = 5;

/** What is known once a plan has been made. */
interface Stage<Options, Declared, Observed, P extends Plan, Outcome> {
  readonly verbs: Verbs<Options, Declared, Observed, P, Outcome>;
  readonly declared: Declared;
  readonly observed: Observed;
  readonly plan: P;
  /** What the changes so far have come to, over all attempts. */
  outcome: Outcome;
}

export class ModuleRun<Options, Declared, Observed, P extends Plan, Outcome> {
  readonly #redactor = new Redactor();
  readonly #warnings: string[] = [];
  readonly #journal: P["changes"][number][] = [];
  #arguments: ModuleArguments | undefined;
  #stage: Stage<Options, Declared, Observed, P, Outcome> | undefined;
  #underWay: Change | undefined;
  #interruption: ModuleError | undefined;
  /** Whether all secrets of the options are known, so that the options may be shown. */
  #isTainted = false;

  constructor(private readonly module: Module<Options, Declared, Observed, P, Outcome>) {}

  /** The change that is being carried out at this moment. */
  get underWay(): Change | undefined {
    return this.#underWay;
  }

  /** Runs the module to its result, redacted; a failure is a result, too. Never throws. */
  async execute(args: ModuleArguments): Promise<Result> {
    this.#arguments = args;
    try {
      await this.#converge(args);
      return this.#result(undefined);
    } catch (error) {
      return this.fail(error);
    }
  }

  /** The result of a run that ends here and now, because of this. */
  fail(error: unknown): Result {
    return this.#result(error ?? new Error("nothing was thrown"));
  }

  /** Ends the run before its next change. */
  interrupt(error: ModuleError): void {
    this.#interruption = error;
  }

  async #converge({ options: raw, settings: { checkMode } }: ModuleArguments): Promise<void> {
    const { module } = this;
    const options = parseOptions(module.spec, raw, this.#redactor, (right) => {
      this.#tryTaint(right);
    });
    this.#taint(options);
    const verbs = module.verbs();
    const declared = await verbs.declare(options, this.#context(checkMode, 1));
    for (let attempt = 1; ; attempt++) {
      const context = this.#context(checkMode, attempt);
      const observed = await verbs.observe(declared, context);
      const plan = verbs.plan(declared, observed, context);
      const outcome: Outcome = this.#stage === undefined ? verbs.nothing : this.#stage.outcome;
      this.#stage = { verbs, declared, observed, plan, outcome };
      this.#refuse(plan, checkMode);
      if (checkMode || plan.changes.length === 0) return;
      try {
        await this.#carryOut(this.#stage);
        return;
      } catch (error) {
        if (!(error instanceof StaleObservationError) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Options beside one that is refused have secrets in them, too, and the refusal shows them all. */
  #tryTaint(right: Result): void {
    try {
      this.#taint(right as Options);
    } catch {
      // The module misses those that were refused, so `invocation` does without any.
    }
  }

  #taint(options: Options): void {
    this.module.secretsOf?.(options).forEach((secret) => {
      this.#redactor.add(secret);
    });
    this.#isTainted = true;
  }

  #context(checkMode: boolean, attempt: number): Context {
    return {
      checkMode,
      attempt,
      warn: (message) => {
        this.#warnings.push(message);
      },
      protect: (secret) => {
        this.#redactor.add(secret);
      },
    };
  }

  #refuse({ obstacles = [] }: P, checkMode: boolean): void {
    const mustRefuse = obstacles.filter(({ lasting }) => !checkMode || lasting === true);
    const [first] = mustRefuse;
    if (first === undefined) {
      this.#warnings.push(...obstacles.map(({ message }) => message));
      return;
    }
    const message = mustRefuse.map((obstacle) => obstacle.message).join("; ");
    const result = Object.assign({}, ...mustRefuse.map((obstacle) => obstacle.result)) as Result;
    throw new ModuleError(first.code, message, { result });
  }

  async #carryOut(stage: Stage<Options, Declared, Observed, P, Outcome>): Promise<void> {
    const { verbs, plan } = stage;
    const [run, hasRecorded] = this.#runOf(stage);
    if (verbs.prepare !== undefined) stage.outcome = await verbs.prepare(stage.outcome, run);
    for (const change of plan.changes) {
      if (this.#interruption !== undefined) throw this.#interruption;
      this.#underWay = change;
      stage.outcome = await verbs.apply(change, stage.outcome, run);
      this.#underWay = undefined;
      if (!hasRecorded()) this.#journal.push(change);
    }
  }

  /** What apply gets, and whether it has used it since it was last asked. */
  #runOf({
    declared,
    observed,
    plan,
  }: Stage<Options, Declared, Observed, P, Outcome>): [Run<Declared, Observed, P>, () => boolean] {
    let recorded = false;
    const run = {
      declared,
      observed,
      plan,
      record: (change: P["changes"][number]) => {
        recorded = true;
        this.#journal.push(change);
      },
      revoke: (change: P["changes"][number]) => {
        recorded ||= change === this.#underWay;
        const index = this.#journal.lastIndexOf(change);
        if (index >= 0) this.#journal.splice(index, 1);
      },
    };
    const hasRecorded = (): boolean => {
      const answer = recorded;
      recorded = false;
      return answer;
    };
    return [run, hasRecorded];
  }

  /** Every key that a run promises, whatever became of it. */
  #result(error: unknown): Result {
    const { spec } = this.module;
    const settings = this.#arguments?.settings;
    const isPredicted = error === undefined && settings?.checkMode === true;
    const changes = isPredicted ? (this.#stage?.plan.changes ?? []) : this.#journal;
    const warnings = [...this.#warnings, ...(this.#stage?.plan.warnings ?? [])];
    const { data, texts } = this.#ownKeys(changes, error);
    const raw = this.#isTainted ? this.#arguments?.options : undefined;
    return this.#redactor.redactResult(spec.facts, {
      facts: { changed: changes.length > 0, ...this.#failureFacts(error) },
      data: { ...nullsFor(spec.returned), ...data },
      texts: {
        ...texts,
        ...this.#failureTexts(error),
        changes: changes.map(({ summary }) => summary),
        ...(settings?.diffMode === true ? { diff: joinDiffs(changes) } : {}),
        ...(warnings.length > 0 ? { warnings: [...new Set(warnings)] } : {}),
        ...(raw === undefined
          ? {}
          : { invocation: { module_args: describeInvocation(spec.options, raw) } }),
      },
    });
  }

  /** The module's own keys, and what a failure adds to them. */
  #ownKeys(changes: P["changes"], error: unknown): { data: Result; texts: Result } {
    const texts = error instanceof ModuleError ? error.result : {};
    if (this.#stage === undefined) return { data: {}, texts };
    const { verbs, declared, observed, plan, outcome } = this.#stage;
    try {
      return { data: verbs.report(declared, observed, plan, { changes, outcome }), texts };
    } catch (fault) {
      if (error === undefined) throw fault;
      return { data: {}, texts }; // the failure that is to be told counts for more
    }
  }

  #failureFacts(error: unknown): Result {
    if (error === undefined) return {};
    return { failed: true, error_code: error instanceof ModuleError ? error.code : "internal" };
  }

  #failureTexts(error: unknown): Result {
    if (error === undefined) return {};
    const done = describeDone(this.#journal);
    if (error instanceof ModuleError) return { msg: `${error.message}${done}` };
    const stack = error instanceof Error ? error.stack : undefined;
    const { name } = this.module.spec;
    return {
      msg: `${name}: internal error, please report it: ${messageOf(error)}${done}`,
      ...(stack === undefined ? {} : { exception: stack }),
    };
  }
}
