// Spawns a module file as Ansible or a person would and reads its one line.

import { execa } from "execa";

import { isRecord } from "../../src/base/json";

export interface ModuleRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly result: Readonly<Record<string, unknown>>;
}

/** Runs `file` with `input` on standard input (an object is sent as JSON). */
export async function runModuleFile(
  file: string,
  input: unknown,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ModuleRun> {
  const text = typeof input === "string" ? input : JSON.stringify({ ANSIBLE_MODULE_ARGS: input });
  const { exitCode, stdout, stderr } = await execa(file, args, {
    input: text,
    reject: false,
    stripFinalNewline: false,
    env,
  });
  return { exitCode, stdout, stderr, result: parseLine(stdout) };
}

/** Parses a result, which must be exactly one line of ASCII. */
export function parseLine(stdout: string): Readonly<Record<string, unknown>> {
  if (!/^[\x20-\x7e]+\n$/.test(stdout))
    throw new Error(`not one line of ASCII: ${JSON.stringify(stdout)}`);
  const parsed: unknown = JSON.parse(stdout);
  if (!isRecord(parsed)) throw new Error(`not a JSON object: ${stdout}`);
  return parsed;
}
