// What is wrong with the options of a task, in sentences: no secret, and no end of them.

import { ModuleError } from "../base/errors";
import { describeType } from "../base/json";
import { didYouMean } from "../base/nearest";
import { shorten } from "../base/text";
import { isSecretAt } from "./option-secrets";
import { type Redactor } from "./redact";
import { type ModuleSpec, type OptionsSpec, type ValidationError } from "./spec";

/** A task with more faults than these has one, and it is not in the options. */
const MAX_SHOWN = 10;
/** Of a value, and of the name of an option that does not exist. */
const MAX_QUOTED = 80;

/** Collects the faults of one task; those beyond the first few are only counted. */
export class Faults {
  readonly #shown = new Set<string>();
  #count = 0;

  constructor(
    private readonly redactor: Redactor,
    private readonly limit = MAX_SHOWN,
  ) {}

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** `describe` is not asked for more sentences than are shown. */
  add(describe: () => string): void {
    const before = this.#shown.size;
    if (before < this.limit) this.#shown.add(describe());
    if (before === this.limit || this.#shown.size > before) this.#count++;
  }

  addUnknown(where: string, key: string, spec: OptionsSpec): void {
    this.add(() => `${where}${this.showName(key)}: unknown option${hint(key, spec)}`);
  }

  /** One complaint of the validator about `options`. */
  addInvalid<Options>(spec: ModuleSpec<Options>, error: ValidationError, options: unknown): void {
    // What the branch of a condition lacks is reported too, by name.
    if (error.keyword !== "if") this.add(() => this.#describe(spec, error, options));
  }

  toError(name: string): ModuleError {
    const heading = this.#count === 1 ? "" : `${this.#count} faults: `;
    const hidden = this.#count - this.#shown.size;
    const sentences = [...this.#shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])];
    return new ModuleError("invalid_arguments", `${name}: ${heading}${sentences.join("; ")}`);
  }

  /** A name as it is, if it is one. */
  showName(key: string): string {
    return /^[\w.-]{1,60}$/.test(key) ? key : this.#quote(key);
  }

  #describe<Options>(spec: ModuleSpec<Options>, error: ValidationError, options: unknown): string {
    const where = error.instancePath
      .slice(1)
      .replace(/\/(\d+)/g, "[$1]")
      .replace(/\//g, ".");
    const value = valueAt(options, error.instancePath);
    const isHidden = isSecretAt(spec.options, error.instancePath);
    const shown = isHidden ? describeType(value) : this.#show(value);
    return describeFault(spec, error, where, isDictFault(error) ? describeType(value) : shown);
  }

  /** Dicts and lists may hold secrets that nobody knows of yet: of these only the type is told. */
  #show(value: unknown): string {
    return typeof value === "object" || value === undefined
      ? describeType(value)
      : `${this.#quote(value)} (${describeType(value)})`;
  }

  /** Secrets go before it is cut: half of one would be found by nobody. */
  #quote(value: unknown): string {
    const text = typeof value === "number" ? String(value) : JSON.stringify(value);
    return shorten(this.redactor.redactText(text), MAX_QUOTED);
  }
}

function hint(key: string, spec: OptionsSpec): string {
  const guess = didYouMean(key, Object.keys(spec));
  return guess === "" ? ` (known: ${Object.keys(spec).sort().join(", ")})` : guess;
}

function describeFault<Options>(
  spec: ModuleSpec<Options>,
  error: ValidationError,
  where: string,
  shown: string,
): string {
  const name = where === "" ? "" : `${where}: `;
  switch (error.keyword) {
    case "type":
      return `${name}expected ${isDictFault(error) ? "a dict" : String(error.params["type"])}, got ${shown}`;
    case "enum":
      return `${name}expected one of ${listOf(error.params["allowedValues"])}, got ${shown}`;
    case "required":
      return `${where === "" ? "" : `${where}.`}${String(error.params["missingProperty"])}: required${conditionOf(spec, error)}, but not given`;
    case "dependentRequired":
      return `${String(error.params["property"])} also needs ${String(error.params["missingProperty"])}`;
    case "minimum":
    case "maximum":
      return `${name}must be ${String(error.params["comparison"])} ${String(error.params["limit"])}, got ${shown}`;
    default:
      return `${name}${error.message ?? "is not valid"}, got ${shown}`;
  }
}

/** Text that should have been a dict is not quoted: settings, headers and backends have secrets in them. */
function isDictFault(error: ValidationError): boolean {
  return error.keyword === "type" && error.params["type"] === "object";
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

function listOf(values: unknown): string {
  return Array.isArray(values) ? values.join(", ") : String(values);
}
