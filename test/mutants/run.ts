// Tries small faults on a copy of the sources, and tells which of them no test notices.
// usage: ts-node test/mutants/run.ts [WORD..]    only the mutants with all of these words in their file or fault

import { join } from "node:path";

import { execa } from "execa";

import { copyTree, plant, removeTree } from "./copy";
import { MUTANTS } from "./list";
import { type Mutant } from "./mutant";

const COPIES = 2;
const TIMEOUT_MS = 120_000;

/** "broken": the tests did not run at all; "not there": what it changes is not in the file once. */
type Fate = "killed" | "survived" | "broken" | "not there";

interface Trial {
  readonly mutant: Mutant;
  readonly fate: Fate;
}

/** How many tests fail; undefined when the run came to no result. */
interface TestRun {
  readonly failures: number | undefined;
  readonly output: string;
}

void main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<void> {
  const chosen = MUTANTS.filter(({ file, fault }) =>
    words.every((word) => `${file} ${fault}`.includes(word)),
  );
  const copies = Array.from({ length: COPIES }, copyTree);
  try {
    await expectPassing(copies[0] ?? "", chosen);
    const queue = [...chosen];
    const trials = (await Promise.all(copies.map((copy) => work(copy, queue)))).flat();
    report(trials);
  } finally {
    copies.forEach(removeTree);
  }
}

/** Counts as mocha does, for scripts/test. */
function report(trials: readonly Trial[]): void {
  const bad = trials.filter(({ fate }) => fate !== "killed");
  console.log(`\n  ${trials.length - bad.length} passing: the tests notice these faults`);
  if (bad.length > 0) console.log(`  ${bad.length} failing:`);
  for (const trial of bad) console.log(`    ${describe(trial)}`);
  if (bad.length > 0 || trials.length === 0) process.exitCode = 1;
}

function describe({ mutant: { file, fault }, fate }: Trial): string {
  return `${fate.padEnd(9)} ${file}: ${fault}`;
}

/** A test that fails anyway kills nothing. */
async function expectPassing(copy: string, mutants: readonly Mutant[]): Promise<void> {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))];
  const { failures, output } = await runTests(copy, tests);
  if (failures !== 0)
    throw new Error(`the tests fail without any mutant:\n${output.slice(-4_000)}`);
}

/** Tries what is left in the queue, one after the other. */
async function work(copy: string, queue: Mutant[]): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const trial = { mutant, fate: await tryMutant(copy, mutant) };
    trials.push(trial);
    console.log(describe(trial));
  }
  return trials;
}

async function tryMutant(copy: string, mutant: Mutant): Promise<Fate> {
  const takeBack = plant(copy, mutant);
  if (takeBack === undefined) return "not there";
  try {
    const { failures, output } = await runTests(copy, mutant.tests, mutant.title);
    if (failures === undefined) console.log(output.slice(-2_000));
    return failures === undefined ? "broken" : failures > 0 ? "killed" : "survived";
  } finally {
    takeBack();
  }
}

/** A mutant that hangs its tests is killed by their timeout, or by ours. */
async function runTests(copy: string, tests: readonly string[], title?: string): Promise<TestRun> {
  const chosen = title === undefined ? tests : [...tests, "--fgrep", title];
  const { stdout, stderr, timedOut } = await execa(
    join(copy, "node_modules", ".bin", "mocha"),
    ["--bail", "--reporter", "json", ...chosen],
    { cwd: copy, reject: false, timeout: TIMEOUT_MS },
  );
  const output = `${stdout}\n${stderr}`;
  if (timedOut) return { failures: 1, output };
  const failures = /"failures": (\d+),/.exec(stdout)?.[1];
  return { failures: failures === undefined ? undefined : Number(failures), output };
}
