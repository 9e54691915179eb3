// Raw task options in, one typed object out; every fault is reported at once.

import { isRecord } from "../base/json";
import { holdsLoneSurrogate } from "../base/text";
import { coerce } from "./coerce";
import { Faults } from "./faults";
import { collectSecrets, optionOf, protectEscaped, protectRefused } from "./option-secrets";
import { type Redactor } from "./redact";
import { type ModuleSpec, type OptionSpec, type OptionsSpec } from "./spec";

export { describeInvocation } from "./option-secrets";

type Raw = Readonly<Record<string, unknown>>;

/**
 * Checks, converts and completes the options of a task. Throws one ModuleError with all faults; before
 * anything is said of them, `protect` gets those options that are as they should be.
 */
export function parseOptions<Options>(
  spec: ModuleSpec<Options>,
  raw: Raw,
  redactor: Redactor,
  protect: (rightOptions: Raw) => void = () => undefined,
): Options {
  collectSecrets(spec.options, raw, redactor);
  protectEscaped(spec.options, raw, redactor);
  const unsaid = new Faults(redactor, 0); // whose sentences would have secrets in them
  const options = readOptions(spec, raw, unsaid);
  if (isValid<Options>(spec, options) && unsaid.isEmpty) return options;
  const errors = spec.validate.errors ?? [];
  const wrong = new Set(errors.map(({ instancePath }) => instancePath.split("/")[1] ?? ""));
  protectRefused(spec.options, raw, wrong, redactor);
  protect(withoutNames(options, wrong));
  const faults = new Faults(redactor);
  readOptions(spec, raw, faults);
  for (const error of errors) faults.addInvalid(spec, error, options);
  throw faults.toError(spec.name);
}

function readOptions<Options>(spec: ModuleSpec<Options>, raw: Raw, faults: Faults): Raw {
  const given = normalise(spec.options, raw, "", faults);
  checkGroups(spec, given, faults);
  return withDefaults(spec.options, given);
}

function withoutNames(options: Raw, names: ReadonlySet<string>): Raw {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.has(name)));
}

function checkGroups<Options>(spec: ModuleSpec<Options>, given: Raw, faults: Faults): void {
  for (const group of spec.mutuallyExclusive) {
    const used = group.filter((name) => name in given);
    if (used.length > 1)
      faults.add(() => `${used.join(" and ")} are mutually exclusive, give only one`);
  }
  for (const group of spec.requiredOneOf) {
    if (!group.some((name) => name in given))
      faults.add(() => `one of ${group.join(", ")} is required`);
  }
}

function isValid<Options>(spec: ModuleSpec<Options>, value: unknown): value is Options {
  return spec.validate(value);
}

/** Resolves aliases, drops nulls ("not given"), rejects unknown names, converts values. */
function normalise(spec: OptionsSpec, raw: Raw, where: string, faults: Faults): Raw {
  const given: Record<string, unknown> = {};
  const keys = new Map<string, string>();
  for (const [key, value] of Object.entries(raw)) {
    const [name, option] = optionOf(spec, key) ?? [];
    if (name === undefined || option === undefined) faults.addUnknown(where, key, spec);
    else if (value !== null && value !== undefined) {
      const before = keys.get(name);
      if (before !== undefined)
        faults.add(
          () => `${where}${name}: given twice, also as its alias ${key === name ? before : key}`,
        );
      keys.set(name, key);
      given[name] = convert(option, value, `${where}${name}`, faults);
    }
  }
  return given;
}

function convert(option: OptionSpec, raw: unknown, where: string, faults: Faults): unknown {
  const value = coerce(option.type, raw);
  const { elements, options } = option;
  if (Array.isArray(value) && elements !== undefined) {
    const element: OptionSpec = { type: elements, ...(options === undefined ? {} : { options }) };
    return value.map((item, index) => convert(element, item, `${where}[${index}]`, faults));
  }
  if (options !== undefined && isRecord(value))
    return withDefaults(options, normalise(options, value, `${where}.`, faults));
  checkText(option, value, where, faults);
  return value;
}

function checkText(option: OptionSpec, value: unknown, where: string, faults: Faults): void {
  if (holdsLoneSurrogate(value))
    faults.add(
      () => `${where}: contains half a character (a lone surrogate), expected Unicode text`,
    );
  if (typeof value === "string" && /str|path/.test(option.type) && value.includes("\0"))
    faults.add(
      () => `${where}: contains a NUL character, which no path, name or argument can contain`,
    );
}

function withDefaults(spec: OptionsSpec, given: Raw): Raw {
  const complete: Record<string, unknown> = { ...given };
  for (const [name, option] of Object.entries(spec)) {
    if (!(name in complete) && option.default !== undefined) complete[name] = option.default;
  }
  return complete;
}
