// Runs generated tasks: in this process, or through a bundle in a process of its own.

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { parseArguments } from "../../src/ansible/arguments";
import { type Module, type Plan } from "../../src/ansible/module";
import { ModuleRun } from "../../src/ansible/run";
import { toAsciiJson } from "../../src/base/json";
import { CASE, type Case, ROOT, placeIn } from "./arbitraries/case";
import { type Seen, watch } from "./oracles/spy";
import { runModuleFile } from "./run-module";
import { tinyProgram } from "./tiny-program";
import { type World } from "./world";

export type Result = Readonly<Record<string, unknown>>;

/** Proxies of the machine the tests run on are none of the tests' business. */
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

export interface Answer {
  readonly line: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly result: Result;
  /** Whether anything in the folder of the case is another than before. */
  readonly hasTouched: boolean;
}

export interface InProcessAnswer extends Answer {
  readonly seen: Seen;
}

/** Runs a case in this process, and tells what it was seen to do. */
export async function runInProcess<Options, Declared, Observed, P extends Plan, Outcome>(
  module: Module<Options, Declared, Observed, P, Outcome>,
  given: Case,
  world: World,
): Promise<InProcessAnswer> {
  return withFolder(given, world, async (placed, look) => {
    const before = await look();
    const { watched, seen } = watch(module);
    const text = JSON.stringify({ ...placed.options, ...placed.settings });
    const result = await withEnvironment(placed.environment, () =>
      executeText(new ModuleRun(watched), text),
    );
    const line = toAsciiJson(result);
    const hasTouched = before !== (await look());
    const printed = JSON.parse(line) as Result;
    return { line, stderr: "", exitCode: undefined, result: printed, hasTouched, seen };
  });
}

/** As the entry of a module does it (src/ansible/entry.ts). */
async function executeText(
  run: Pick<ModuleRun<never, never, never, never, never>, "execute" | "fail">,
  text: string,
): Promise<Result> {
  try {
    return await run.execute(parseArguments(text));
  } catch (error) {
    return run.fail(error);
  }
}

/** Runs a case through the module's bundle. */
export async function runBundle(file: string, given: Case, world: World): Promise<Answer> {
  return withFolder(given, world, async (placed, look) => {
    const before = await look();
    const input = { ...placed.options, ...placed.settings };
    const env = { ...Object.fromEntries(PROXIES.map((name) => [name, ""])), ...placed.environment };
    const { stdout, stderr, exitCode, result } = await runModuleFile(file, input, [], env);
    const hasTouched = before !== (await look());
    return { line: stdout.replace(/\n$/, ""), stderr, exitCode, result, hasTouched };
  });
}

async function withFolder<T>(
  given: Case,
  world: World,
  run: (placed: Case, look: () => Promise<string>) => Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "case-"));
  const placed = placeIn({ ...world.words, [ROOT]: root, [CASE]: basename(root) }, given);
  try {
    await setUp(placed, world);
    const look = async (): Promise<string> =>
      [...describeFolder(root), await world.lookUp(basename(root))].join("\n");
    return await run(placed, look);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Puts the files of a case where they belong, and its values into etcd. */
export async function setUp({ files, stored }: Case, world: World): Promise<void> {
  for (const [path, content] of Object.entries(files)) writeCaseFile(path, content);
  for (const [key, value] of Object.entries(stored)) await world.store(key, value);
}

function writeCaseFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const version = /^@PROGRAM (.*)@$/.exec(content)?.[1];
  const bytes = version === undefined ? content : tinyProgram(version);
  writeFileSync(path, bytes, { mode: version === undefined ? 0o644 : 0o750 });
}

/** Every file with its mode and content, every folder. */
function describeFolder(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const info = statSync(path);
      const facts = `${path} ${info.mode.toString(8)} ${info.uid}:${info.gid}`;
      if (info.isDirectory()) return [facts, ...describeFolder(path)];
      return [info.isFile() ? `${facts} ${readFileSync(path, "latin1")}` : facts];
    });
}

async function withEnvironment<T>(
  environment: Readonly<Record<string, string>>,
  run: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  for (const name of PROXIES) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, environment);
  try {
    return await run();
  } finally {
    for (const name of Object.keys(process.env)) {
      if (!(name in before)) Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, before);
  }
}
