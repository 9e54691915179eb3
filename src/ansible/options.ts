// Raw task options in, one typed object out; every fault is reported at once.

import { coerce } from "./coerce";
import { ModuleError } from "../base/errors";
import { describeType, isRecord } from "../base/json";
import { didYouMean } from "../base/nearest";
import { MASK } from "../base/secrets";
import { type Redactor } from "./redact";
import { type ModuleSpec, type OptionSpec, type OptionsSpec, type ValidationError } from "./spec";

type Raw = Readonly<Record<string, unknown>>;

/** Checks, converts and completes the options of a task. Throws one ModuleError with all faults. */
export function parseOptions<Options>(
  spec: ModuleSpec<Options>,
  raw: Raw,
  redactor: Redactor,
): Options {
  // Secrets first, so that no message below can print one.
  collectSecrets(spec.options, raw, redactor);
  const faults: string[] = [];
  const given = normalise(spec.options, raw, "", faults);
  faults.push(...checkGroups(spec, given));
  const options = withDefaults(spec.options, given);
  if (!isValid<Options>(spec, options)) {
    for (const error of spec.validate.errors ?? []) {
      const fault = describeFault(spec, error, options);
      if (fault !== undefined) faults.push(fault);
    }
  } else if (faults.length === 0) {
    return options;
  }
  const unique = [...new Set(faults)];
  const heading = unique.length === 1 ? "" : `${unique.length} faults: `;
  throw new ModuleError("invalid_arguments", `${spec.name}: ${heading}${unique.join("; ")}`);
}

function checkGroups<Options>(spec: ModuleSpec<Options>, given: Raw): string[] {
  const faults: string[] = [];
  for (const group of spec.mutuallyExclusive) {
    const used = group.filter((name) => name in given);
    if (used.length > 1) faults.push(`${used.join(" and ")} exclude each other, give only one`);
  }
  for (const group of spec.requiredOneOf) {
    if (!group.some((name) => name in given)) faults.push(`one of ${group.join(", ")} is required`);
  }
  return faults;
}

function isValid<Options>(spec: ModuleSpec<Options>, value: unknown): value is Options {
  return spec.validate(value);
}

/** The options as `invocation.module_args` shows them: no_log values masked. */
export function describeInvocation(spec: OptionsSpec, raw: Raw): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    const option = spec[nameOf(spec, key)];
    shown[key] = option?.no_log === true && value !== null ? MASK : value;
  }
  return shown;
}

function nameOf(spec: OptionsSpec, key: string): string {
  if (Object.hasOwn(spec, key)) return key;
  return Object.keys(spec).find((name) => spec[name]?.aliases?.includes(key)) ?? key;
}

function collectSecrets(spec: OptionsSpec, raw: Raw, redactor: Redactor): void {
  for (const [key, value] of Object.entries(raw)) {
    const option = spec[nameOf(spec, key)];
    if (option?.no_log === true) redactor.add(value);
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (option?.options !== undefined && isRecord(item)) {
        collectSecrets(option.options, item, redactor);
      }
    }
  }
}

/** Resolves aliases, drops nulls ("not given"), rejects unknown names, converts values. */
function normalise(spec: OptionsSpec, raw: Raw, where: string, faults: string[]): Raw {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    const name = nameOf(spec, key);
    const option = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (option === undefined) faults.push(`${where}${key}: unknown option${hint(key, spec)}`);
    else if (value !== null && value !== undefined) {
      if (name in given) faults.push(`${where}${name}: given twice, also as its alias ${key}`);
      given[name] = convert(option, value, `${where}${name}`, faults);
    }
  }
  return given;
}

function hint(key: string, spec: OptionsSpec): string {
  const guess = didYouMean(key, Object.keys(spec));
  return guess === "" ? ` (known: ${Object.keys(spec).sort().join(", ")})` : guess;
}

function convert(option: OptionSpec, raw: unknown, where: string, faults: string[]): unknown {
  const value = coerce(option.type, raw);
  const { elements, options } = option;
  if (Array.isArray(value) && elements !== undefined) {
    const element: OptionSpec = { type: elements, ...(options === undefined ? {} : { options }) };
    return value.map((item, index) => convert(element, item, `${where}[${index}]`, faults));
  }
  if (options === undefined || !isRecord(value)) return value;
  return withDefaults(options, normalise(options, value, `${where}.`, faults));
}

function withDefaults(spec: OptionsSpec, given: Raw): Raw {
  const complete: Record<string, unknown> = { ...given };
  for (const [name, option] of Object.entries(spec)) {
    if (!(name in complete) && option.default !== undefined) complete[name] = option.default;
  }
  return complete;
}

function describeFault<Options>(
  spec: ModuleSpec<Options>,
  error: ValidationError,
  options: Raw,
): string | undefined {
  const where = error.instancePath
    .slice(1)
    .replace(/\/(\d+)/g, "[$1]")
    .replace(/\//g, ".");
  const value = valueAt(options, error.instancePath);
  const name = where === "" ? "" : `${where}: `;
  switch (error.keyword) {
    case "type":
      return `${name}${describeTypeFault(String(error.params["type"]), value)}`;
    case "enum":
      return `${name}expected one of ${listOf(error.params["allowedValues"])}, got ${show(value)}`;
    case "required":
      return `${where === "" ? "" : `${where}.`}${String(error.params["missingProperty"])}: required${conditionOf(spec, error)}, but not given`;
    case "dependentRequired":
      return `${String(error.params["property"])} also needs ${String(error.params["missingProperty"])}`;
    case "if":
      return undefined; // what its branch lacks is reported too, by name
    case "minimum":
    case "maximum":
      return `${name}must be ${String(error.params["comparison"])} ${String(error.params["limit"])}, got ${show(value)}`;
    default:
      return `${name}${error.message ?? "is not valid"}, got ${show(value)}`;
  }
}

/** Text that should have been a dict is not quoted: settings, headers and backends have secrets in them. */
function describeTypeFault(expected: string, value: unknown): string {
  return expected === "object"
    ? `expected a dict, got ${describeType(value)}`
    : `expected ${expected}, got ${show(value)}`;
}

/** " when state is present": which `required_if` the validator was in, from its schema path. */
function conditionOf<Options>(spec: ModuleSpec<Options>, error: ValidationError): string {
  const index = /^#\/allOf\/(\d+)\/then\//.exec(error.schemaPath)?.[1];
  const condition = index === undefined ? undefined : spec.requiredIf[Number(index)];
  return condition === undefined ? "" : ` when ${condition.option} is ${String(condition.value)}`;
}

function valueAt(options: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null
          ? (value as Record<string, unknown>)[key.replace(/~1/g, "/").replace(/~0/g, "~")]
          : undefined,
      options,
    );
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return `${text.length > 80 ? `${text.slice(0, 77)}...` : text} (${describeType(value)})`;
}

function listOf(values: unknown): string {
  return Array.isArray(values) ? values.join(", ") : String(values);
}
