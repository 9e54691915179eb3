// Tries small faults on a copy of the sources, and tells which of them no test notices.
// usage: ts-node test/mutants/run.ts [WORD..]    only the mutants with one of these words in their file or fault

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { MUTANTS, type Mutant } from "./list";

const REPOSITORY = join(__dirname, "..", "..");
const COPIES = 2;
const TIMEOUT_MS = 120_000;

type Fate = "killed" | "survived" | "broken" | "not there";

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
    const fates: Fate[] = [];
    await Promise.all(copies.map((copy) => work(copy, queue, fates)));
    const bad = fates.filter((fate) => fate !== "killed").length;
    console.log(`${chosen.length} mutants: ${fates.length - bad} passing, ${bad} failing`);
    console.log(`  ${fates.length - bad} passing\n  ${bad} failing`);
    if (bad > 0 || fates.length === 0) process.exitCode = 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

/** Whatever git knows or would, and what is generated; packages are shared. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "mutants-"));
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const names = execFileSync("git", listed, { cwd: REPOSITORY, encoding: "utf8" }).split("\0");
  const files = names.filter((name) =>
    /^(src|test|scripts|library)\/|^[^/]+\.(json|yml)$/.test(name),
  );
  for (const name of files.filter((each) => existsSync(join(REPOSITORY, each)))) {
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(REPOSITORY, name), join(copy, name));
  }
  cpSync(join(REPOSITORY, ".mocharc.yml"), join(copy, ".mocharc.yml"));
  cpSync(join(REPOSITORY, "src", "generated"), join(copy, "src", "generated"), { recursive: true });
  for (const shared of ["node_modules", ".venv"])
    symlinkSync(join(REPOSITORY, shared), join(copy, shared));
  return copy;
}

/** A test that fails anyway kills nothing. */
async function expectPassing(copy: string, mutants: readonly Mutant[]): Promise<void> {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))];
  const { failures, output } = await runTests(copy, tests);
  if (failures !== 0)
    throw new Error(`the tests fail without any mutant:\n${output.slice(-4_000)}`);
}

async function work(copy: string, queue: Mutant[], fates: Fate[]): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const fate = await tryMutant(copy, mutant);
    fates.push(fate);
    console.log(`${fate.padEnd(9)} ${mutant.file}: ${mutant.fault}`);
  }
}

async function tryMutant(copy: string, { file, find, replace, tests }: Mutant): Promise<Fate> {
  const path = join(copy, file);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (text.split(find).length !== 2) return "not there";
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    const { failures, output } = await runTests(copy, tests);
    if (failures === undefined) console.log(output.slice(-2_000));
    return failures === undefined ? "broken" : failures > 0 ? "killed" : "survived";
  } finally {
    writeFileSync(path, text);
  }
}

/** A mutant that hangs its tests is killed by their timeout, or by ours. */
async function runTests(copy: string, tests: readonly string[]): Promise<TestRun> {
  const { stdout, stderr, timedOut } = await execa(
    join(copy, "node_modules", ".bin", "mocha"),
    ["--bail", "--reporter", "json", ...tests],
    { cwd: copy, reject: false, timeout: TIMEOUT_MS },
  );
  const output = `${stdout}\n${stderr}`;
  if (timedOut) return { failures: 1, output };
  const failures = /"failures": (\d+),/.exec(stdout)?.[1];
  return { failures: failures === undefined ? undefined : Number(failures), output };
}
