// The two properties of every module, as checks of one answer.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { messageOf } from "../../src/base/errors";
import { type PlayTask, type PlayedCase, play } from "./ansible-play";
import { CASE, type Case, ROOT, placeIn } from "./arbitraries/case";
import { leaksIn, shortLeaksIn } from "./oracles/leaks";
import { liesOf, untruthsOf } from "./oracles/truth";
import { type Answer, type InProcessAnswer, runBundle, setUp } from "./run-case";
import { SUBJECTS, type Subject } from "./subjects";
import { tally } from "./tally";
import { type World } from "./world";

/** The result tells what was done, and nothing else, in all the keys that it promises. */
function expectTruth(answer: Answer, given: Case, returned: readonly string[]): void {
  const { line, result, hasTouched } = answer;
  const lies = liesOf(line, given, returned);
  expect(lies, `does not hold: ${lies.join("; ")}`).to.deep.equal([]);
  // The probe's "raced" has somebody else change what it is about to change.
  if (given.options["fault"] === "raced") return;
  const isReal = !given.settings._ansible_check_mode;
  expect(hasTouched, "what was touched, and what changed says").to.equal(
    isReal && result["changed"] === true,
  );
}

/** No part of a secret is shown. */
function expectSilence({ line, stderr, result }: Answer, { secrets }: Case): void {
  const leaks = [...leaksIn([line, stderr], secrets), ...shortLeaksIn(result, secrets)];
  expect(leaks, `shown: ${leaks.join("\n")}`).to.deep.equal([]);
}

/** The same of a run in this process, whose effects were watched from outside. */
function expectWatchedTruth(
  answer: InProcessAnswer,
  given: Case,
  returned: readonly string[],
): void {
  expectTruth(answer, given, returned);
  const untruths = untruthsOf(answer.result, given, answer.seen);
  expect(untruths, untruths.join("; ")).to.deep.equal([]);
  if (!("fault" in given.options)) expect(answer.result["error_code"]).to.not.equal("internal");
}

/** Tries the first property on as many tasks whose words are nasty, in this process. */
export async function tryTruth(subject: Subject, world: World, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(subject.nasty, async (given) => {
      tally();
      expectWatchedTruth(await subject.run(given, world), given, subject.returned);
    }),
    { numRuns },
  );
}

/** Tries both properties on as many tasks with secrets, in this process. */
export async function tryBoth(subject: Subject, world: World, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(subject.secret, async (given) => {
      tally();
      const answer = await subject.run(given, world);
      expectWatchedTruth(answer, given, subject.returned);
      expectSilence(answer, given);
    }),
    { numRuns },
  );
}

/** A process ends as its result says, and prints nothing else. */
function expectOneVoice({ result, stderr, exitCode }: Answer): void {
  expect(stderr).to.equal("");
  expect(exitCode).to.equal(result["failed"] === true ? 1 : 0);
}

/** Tries both properties on as many tasks, through the bundle. */
export async function tryBundle(subject: Subject, world: World, numRuns: number): Promise<void> {
  const tasks = fc.oneof(subject.nasty, { weight: 3, arbitrary: subject.secret });
  const file = join(subject.build(), `${subject.name}.cjs`);
  await fc.assert(
    fc.asyncProperty(tasks, async (given) => {
      tally();
      const answer = await runBundle(file, given, subject.worldOf(world));
      expectOneVoice(answer);
      expectTruth(answer, given, subject.returned);
      expectSilence(answer, given);
    }),
    { numRuns },
  );
}

/** Ansible says of a task what the module says, and shows every key that it promises. */
function expectSameVerdict(played: PlayedCase | undefined, returned: readonly string[]): void {
  if (played === undefined) throw new Error("was not played");
  const { verdict, shown, printed, exitCode } = played;
  const failed = printed["failed"] === true;
  expect(verdict).to.equal(failed ? "failed" : printed["changed"] === true ? "changed" : "ok");
  expect(exitCode).to.equal(failed ? 1 : 0);
  const own = ["changed", "changes", ...(failed ? ["msg", "error_code"] : [])];
  for (const key of [...returned, ...own]) {
    expect(printed, "what the module says").to.have.property(key);
    expect(shown[key], key).to.deep.equal(printed[key]);
  }
}

/** Tries the first property on as many tasks of all modules, through the ansible-core in `ansibleBin`. */
export async function tryVerdicts(
  ansibleBin: string,
  world: World,
  numRuns: number,
): Promise<void> {
  const seed = Date.now() % 2 ** 31;
  const sample = SUBJECTS.flatMap((subject) => {
    const tasks = fc.oneof({ weight: 2, arbitrary: subject.nasty }, subject.secret);
    const parameters = { numRuns: (numRuns * subject.share) / 100, seed };
    return fc.sample(tasks.filter(isPassable), parameters).map((given) => ({ subject, given }));
  });
  const roots = mkdtempSync(join(tmpdir(), "ansible-cases-"));
  try {
    const tasks: PlayTask[] = [];
    for (const [index, { subject, given }] of sample.entries()) {
      const root = join(roots, String(index));
      mkdirSync(root);
      const known = subject.worldOf(world);
      const placed = placeIn({ ...known.words, [ROOT]: root, [CASE]: `${seed}-${index}` }, given);
      await setUp(placed, known);
      tasks.push({ module: subject.name, library: subject.build(), given: placed });
    }
    const played = await play(ansibleBin, tasks);
    for (const [index, { subject, given }] of sample.entries()) {
      tally();
      naming(`seed ${seed}, ${subject.name}, task ${index}: ${JSON.stringify(given)}`, () => {
        expectSameVerdict(played[index], subject.returned);
      });
    }
  } finally {
    rmSync(roots, { recursive: true, force: true });
  }
}

/** Neither templates nor half characters pass through Ansible as they are. */
function isPassable(given: Case): boolean {
  return !/\{\{|\{%|\{#|\\u[dD][89a-fA-F]|@DEEP \d\d/.test(JSON.stringify(given));
}

function naming(what: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`${messageOf(error)}: ${what}`, { cause: error });
  }
}
