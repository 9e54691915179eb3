// ansible-core's own validation of arguments, for many sets of them in one process.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { type DocumentedOption, type ModuleSource } from "../../scripts/build/documentation";

const PYTHON = join(__dirname, "..", "..", ".venv", "bin", "python");
const PROGRAM = join(__dirname, "ansible-arguments.py");

type Options = Readonly<Record<string, DocumentedOption>>;
type Values = Readonly<Record<string, unknown>>;

/**
 * The values that AnsibleModule would give a module for each set (as JSON text, or what it stands
 * for); undefined where it refuses, or takes what JSON has no words for.
 */
export function validateWithAnsible(
  source: ModuleSource,
  cases: readonly (Values | string)[],
): (Values | undefined)[] {
  if (!existsSync(PYTHON))
    throw new Error(
      `${PYTHON} is missing: run "make bootstrap", which installs ansible-core there`,
    );
  const texts = cases.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
  const input = `{"spec": ${JSON.stringify(specOf(source))}, "cases": [${texts.join(", ")}]}`;
  const output = execFileSync(PYTHON, [PROGRAM], { input, maxBuffer: 2 ** 30 });
  const verdicts = JSON.parse(output.toString()) as (Values | null)[];
  return verdicts.map((verdict) => (verdict === null ? undefined : optionsIn(verdict, source)));
}

function specOf({ options, argumentSpec }: ModuleSource): unknown {
  const rules = [
    "mutually_exclusive",
    "required_one_of",
    "required_together",
    "required_if",
  ] as const;
  return {
    options: optionsOf(options),
    rules: Object.fromEntries(rules.map((rule) => [rule, argumentSpec[rule] ?? []])),
    ranges: argumentSpec.ranges ?? {},
  };
}

/** Without the prose; the rest of our format is Ansible's. */
function optionsOf(options: Options): unknown {
  const entries = Object.entries(options).map(([name, option]) => {
    const { type, elements, required, default: preset, choices, aliases } = option;
    const nested = option.options === undefined ? undefined : optionsOf(option.options);
    return [
      name,
      { type, elements, required, default: preset, choices, aliases, options: nested },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** AnsibleModule keeps aliases beside the options they stand for, and sets what was not given to None. */
function optionsIn(values: Values, source: ModuleSource): Values {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== null && Object.hasOwn(source.options, name)),
  );
}
