// A module as a process: arguments in, one line of JSON out, whatever happens.

import { ModuleError } from "../base/errors";
import { parseArguments, readArgumentsText } from "./arguments";
import { type Module, type Plan } from "./module";
import { printResult } from "./output";
import { type Result } from "./result";
import { ModuleRun } from "./run";

const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** After a signal, the step under way may end, so that the result can tell of it; no longer than this. */
const GRACE_MS = 2_000;

/** Runs a module on the arguments of this process, prints its result and sets the exit code. */
export async function runModule<Options, Declared, Observed, P extends Plan, Outcome>(
  module: Module<Options, Declared, Observed, P, Outcome>,
  embedded: string,
): Promise<void> {
  const run = new ModuleRun(module);
  const fail = (error: unknown): never => finish(run.fail(error));
  // An uncaught exception would print its stack, and secrets with it.
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    const args = parseArguments(readArgumentsText(embedded, process.argv));
    for (const signal of SIGNALS) {
      // Not once(): where the last listener goes, execa takes the signal for its own and ends us.
      process.on(signal, () => {
        endBySignal(run, signal, fail);
      });
    }
    finish(await run.execute(args));
  } catch (error) {
    fail(error);
  }
}

function finish(result: Result): never {
  try {
    printResult(result);
  } catch {
    process.exit(1); // nobody is reading
  }
  process.exit(result["failed"] === true ? 1 : 0);
}

function endBySignal(
  run: Pick<ModuleRun<never, never, never, never, never>, "interrupt" | "underWay">,
  signal: string,
  fail: (error: unknown) => never,
): void {
  const { underWay } = run;
  const during = underWay === undefined ? "" : ` during: ${underWay.summary}`;
  const error = new ModuleError(
    "interrupted",
    `interrupted by ${signal}${during}; run it again to finish what was begun`,
  );
  if (underWay === undefined) fail(error);
  run.interrupt(error);
  setTimeout(() => {
    fail(error);
  }, GRACE_MS);
}
