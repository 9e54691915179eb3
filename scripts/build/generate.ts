// From one options file: the option table, the JSON schema compiled by ajv, the TypeScript type.

import Ajv from "ajv/dist/2019";
import standaloneCode from "ajv/dist/standalone";

import { type OptionSpec, type OptionsSpec } from "../../src/ansible/spec";
import { compactValidator } from "./compact-validator";
import { type DocumentedOption, type ModuleSource } from "./documentation";

type Documented = Readonly<Record<string, DocumentedOption>>;
type Schema = Record<string, unknown>;

const JSON_TYPES: Readonly<Record<string, string>> = {
  bool: "boolean",
  dict: "object",
  float: "number",
  int: "integer",
  list: "array",
  path: "string",
  str: "string",
};

const TYPESCRIPT_TYPES: Readonly<Record<string, string>> = {
  bool: "boolean",
  dict: "Readonly<Record<string, unknown>>",
  float: "number",
  int: "number",
  path: "string",
  raw: "unknown",
  str: "string",
};

/** Standalone CommonJS code of the validator of one module. */
export function renderValidator(source: ModuleSource): string {
  const ajv = new Ajv({
    allErrors: true,
    messages: false, // faults.ts has words of its own
    strict: true,
    strictRequired: false, // a condition names properties that are defined outside it
    strictTypes: false,
    code: { source: true },
  });
  return compactValidator(standaloneCode(ajv, ajv.compile(schemaOf(source))));
}

/** The generated TypeScript file of one module: its option type and its spec. */
export function renderSpec(source: ModuleSource): string {
  const typeName = `${pascalCase(source.name)}Options`;
  const required = (source.argumentSpec.required_if ?? []).map(([option, value, names]) => ({
    option,
    value,
    names,
  }));
  return [
    `// Generated from src/modules/${source.name}/${source.name}.yml; edit there.`,
    `import { type ModuleSpec } from "../ansible/spec";`,
    `import validate = require("./${source.name}.validate");`,
    ``,
    `export interface ${typeName} ${typeOfOptions(source.options, source)}`,
    ``,
    `export const spec: ModuleSpec<${typeName}> = {`,
    `  name: ${JSON.stringify(source.name)},`,
    `  options: ${JSON.stringify(specOf(source.options, source))},`,
    `  mutuallyExclusive: ${JSON.stringify(source.argumentSpec.mutually_exclusive ?? [])},`,
    `  requiredOneOf: ${JSON.stringify(source.argumentSpec.required_one_of ?? [])},`,
    `  requiredIf: ${JSON.stringify(required)},`,
    `  validate,`,
    `  returned: ${JSON.stringify(source.returned)},`,
    `  facts: ${JSON.stringify(source.argumentSpec.facts ?? [])},`,
    `};`,
    ``,
  ].join("\n");
}

/** The types of the generated validator, beside it. */
export const VALIDATOR_TYPES = [
  `import { type Validator } from "../ansible/spec";`,
  `declare const validate: Validator;`,
  `export = validate;`,
  ``,
].join("\n");

/** The JSON schema of the options as they are after coercion and defaults. */
export function schemaOf(source: ModuleSource): Schema {
  const { required_if: conditions = [], required_together: groups = [] } = source.argumentSpec;
  const schema = objectSchema(source.options, source);
  const dependents = groups.flatMap((group) =>
    group.map((name) => [name, group.filter((other) => other !== name)] as const),
  );
  if (dependents.length > 0) schema["dependentRequired"] = Object.fromEntries(dependents);
  if (conditions.length > 0) {
    schema["allOf"] = conditions.map(([option, value, names]) => ({
      if: { properties: { [option]: { const: value } }, required: [option] },
      then: { required: names },
    }));
  }
  return schema;
}

function objectSchema(options: Documented, source?: ModuleSource): Schema {
  const properties = Object.entries(options).map(([name, option]) => {
    const range = source?.argumentSpec.ranges?.[name];
    const bounds = range === undefined ? {} : { minimum: range[0], maximum: range[1] };
    return [name, { ...valueSchema(option), ...bounds }] as const;
  });
  const required = Object.entries(options).filter(([, option]) => option.required === true);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: required.map(([name]) => name),
  };
}

function valueSchema(option: DocumentedOption): Schema {
  const choices = option.choices === undefined ? {} : { enum: option.choices };
  if (option.type === "raw") return choices;
  if (option.type === "list") {
    const { elements = "raw", ...rest } = option;
    return { type: "array", items: valueSchema({ ...rest, type: elements }) };
  }
  if (option.options !== undefined) return objectSchema(option.options);
  // What a double cannot hold to the last digit is not the number that was given.
  const exact = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
  return { type: JSON_TYPES[option.type], ...(option.type === "int" ? exact : {}), ...choices };
}

function specOf(options: Documented, source?: ModuleSource): OptionsSpec {
  const table = Object.entries(options).map(([name, option]) => {
    const secret = source?.argumentSpec.no_log?.includes(name) === true;
    const entry: OptionSpec = {
      type: option.type,
      ...(option.elements === undefined ? {} : { elements: option.elements }),
      ...(option.aliases === undefined ? {} : { aliases: option.aliases }),
      ...(option.default === undefined ? {} : { default: option.default }),
      ...(secret ? { no_log: true } : {}),
      ...(option.options === undefined ? {} : { options: specOf(option.options) }),
    };
    return [name, entry] as const;
  });
  return Object.fromEntries(table);
}

function typeOfOptions(options: Documented, source?: ModuleSource): string {
  const lines = Object.entries(options).map(([name, option]) => {
    const present = option.required === true || option.default !== undefined;
    return `  readonly ${JSON.stringify(name)}${present ? "" : "?"}: ${typeOf(option)};`;
  });
  return source === undefined ? `{ ${lines.join(" ")} }` : `{\n${lines.join("\n")}\n}`;
}

function typeOf(option: DocumentedOption): string {
  if (option.type === "list") {
    const { elements = "raw", ...rest } = option;
    return `readonly (${typeOf({ ...rest, type: elements })})[]`;
  }
  if (option.choices !== undefined) {
    return option.choices.map((choice) => JSON.stringify(choice)).join(" | ");
  }
  if (option.options !== undefined) return typeOfOptions(option.options);
  return TYPESCRIPT_TYPES[option.type] ?? "unknown";
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
