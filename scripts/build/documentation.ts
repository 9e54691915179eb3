// Reads a module's options file: Ansible's documentation format plus ARGUMENT_SPEC, the part that
// Ansible's format has no words for and that is not shipped.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { parse } from "yaml";

import { isRecord } from "../../src/base/json";
import { type OptionType } from "../../src/ansible/spec";

export interface DocumentedOption {
  readonly type: OptionType;
  readonly elements?: OptionType;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly unknown[];
  readonly aliases?: readonly string[];
  readonly options?: Readonly<Record<string, DocumentedOption>>;
}

export interface ArgumentSpec {
  readonly no_log?: readonly string[];
  readonly mutually_exclusive?: readonly (readonly string[])[];
  readonly required_one_of?: readonly (readonly string[])[];
  readonly required_together?: readonly (readonly string[])[];
  readonly required_if?: readonly (readonly [string, unknown, readonly string[]])[];
  /** Inclusive bounds of numbers: option -> [minimum, maximum]. */
  readonly ranges?: Readonly<Record<string, readonly [number, number]>>;
  /** Keys of RETURN whose values are versions, digests, paths: never secret, never redacted. */
  readonly facts?: readonly string[];
}

export interface ModuleSource {
  readonly name: string;
  readonly folder: string;
  readonly options: Readonly<Record<string, DocumentedOption>>;
  readonly argumentSpec: ArgumentSpec;
  /** The keys of RETURN that do not depend on what the run came upon. */
  readonly returned: readonly string[];
  /** The part that `ansible-doc` reads, to be shipped as `library/<name>.yml`. */
  readonly documentation: Readonly<Record<string, unknown>>;
}

const TYPES = new Set<unknown>(["bool", "dict", "float", "int", "list", "path", "raw", "str"]);

/** Reads `<folder>/<name>.yml`, where the folder bears the module's name. Throws on any flaw. */
export function readModuleSource(folder: string): ModuleSource {
  const name = basename(folder);
  const parsed: unknown = parse(readFileSync(join(folder, `${name}.yml`), "utf8"));
  if (!isRecord(parsed)) throw new Error(`${name}.yml: expected a mapping`);
  const { ARGUMENT_SPEC: argumentSpec = {}, ...documentation } = parsed;
  const head = documentation["DOCUMENTATION"];
  if (!isRecord(head) || head["module"] !== name || !isRecord(head["options"])) {
    throw new Error(`${name}.yml: DOCUMENTATION must describe module ${name} and its options`);
  }
  for (const section of ["EXAMPLES", "RETURN"]) {
    if (!(section in documentation)) throw new Error(`${name}.yml: ${section} is missing`);
  }
  checkOptions(head["options"], name);
  const options = head["options"] as Record<string, DocumentedOption>;
  const spec = argumentSpec as ArgumentSpec;
  checkNames(spec, options, name);
  const results = readResults(documentation["RETURN"], name);
  checkFacts(spec.facts ?? [], results, name);
  const returned = Object.keys(results).filter((key) => isReturned(results[key] ?? ""));
  const shipped = {
    ...documentation,
    DOCUMENTATION: { ...head, options: nameSuboptions(options) },
  };
  return { name, folder, options, argumentSpec: spec, returned, documentation: shipped };
}

/** What an argument spec calls options of an option, documentation calls its suboptions. */
function nameSuboptions(
  options: Readonly<Record<string, DocumentedOption>>,
): Readonly<Record<string, unknown>> {
  const named = Object.entries(options).map(([name, option]) => {
    const { options: within, ...rest } = option;
    return [name, within === undefined ? option : { ...rest, suboptions: nameSuboptions(within) }];
  });
  return Object.fromEntries(named) as Readonly<Record<string, unknown>>;
}

/** A list under one of them is as true: the host would be out of the play, or the task skipped. */
const ANSIBLES_OWN = new Set(["ansible_facts", "rc", "results", "skipped", "unreachable"]);

/** The keys of RETURN, each with when it is returned. */
function readResults(section: unknown, name: string): Readonly<Record<string, string>> {
  if (!isRecord(section)) throw new Error(`${name}.yml: RETURN must be a mapping`);
  const results = Object.entries(section).map(([key, result]) => {
    if (ANSIBLES_OWN.has(key))
      throw new Error(`${name}: RETURN: ${key}: Ansible reads this key itself`);
    const returned = isRecord(result) ? result["returned"] : undefined;
    if (typeof returned === "string") return [key, returned] as const;
    throw new Error(`${name}: RETURN: ${key}: must say when it is returned`);
  });
  return Object.fromEntries(results);
}

/** What only a failure or only some finding brings is no promise to every reader of the result. */
function isReturned(when: string): boolean {
  return /^(?:always$|success$|when [IO]\(state\b)/.test(when);
}

/** A misspelt fact would be redacted after all, and only where a secret happens to be in it. */
function checkFacts(
  facts: readonly string[],
  results: Readonly<Record<string, string>>,
  name: string,
): void {
  const unknown = facts.filter((fact) => !Object.hasOwn(results, fact));
  if (unknown.length > 0) {
    throw new Error(`${name}: ARGUMENT_SPEC: facts: RETURN has no ${unknown.join(", ")}`);
  }
}

function checkOptions(options: Readonly<Record<string, unknown>>, where: string): void {
  for (const [key, option] of Object.entries(options)) {
    if (!isRecord(option) || !TYPES.has(option["type"])) {
      throw new Error(`${where}: ${key}: type must be one of ${[...TYPES].join(", ")}`);
    }
    if (option["type"] === "list" && !TYPES.has(option["elements"])) {
      throw new Error(`${where}: ${key}: a list needs elements`);
    }
    if (isRecord(option["options"])) checkOptions(option["options"], `${where}.${key}`);
  }
}

/** A misspelt name in ARGUMENT_SPEC would silently switch its check off. */
function checkNames(
  spec: ArgumentSpec,
  options: Readonly<Record<string, DocumentedOption>>,
  name: string,
): void {
  const named = [
    spec.no_log ?? [],
    Object.keys(spec.ranges ?? {}),
    ...(spec.mutually_exclusive ?? []),
    ...(spec.required_one_of ?? []),
    ...(spec.required_together ?? []),
    ...(spec.required_if ?? []).map(([option, , required]) => [option, ...required]),
  ].flat();
  const unknown = named.filter((option) => !Object.hasOwn(options, option));
  if (unknown.length > 0)
    throw new Error(`${name}: ARGUMENT_SPEC: no option ${unknown.join(", ")}`);
}
