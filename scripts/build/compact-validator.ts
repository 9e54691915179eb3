// Makes the validators that ajv writes smaller: they are a tenth of what is sent to a host with every
// task, and most of them is one sentence said a hundred times.

/** What an error is entered with, instead of the object and the four statements that ajv writes for each. */
const HELPERS = [
  `function enter(list, instancePath, keyword, params, schemaPath = "") {`,
  `  const error = {instancePath, schemaPath, keyword, params};`,
  `  if (list === null) return [error];`,
  `  list.push(error);`,
  `  return list;`,
  `}`,
  `function enterType(list, instancePath, type) {`,
  `  return enter(list, instancePath, "type", {type});`,
  `}`,
].join("\n");

const ENTRY =
  /const (err\d+) = \{(.*?)\};if\(vErrors === null\)\{vErrors = \[\1\];\}else \{vErrors\.push\(\1\);\}errors\+\+;/gs;
const FIELDS =
  /^(instancePath(?::(.+?))?),schemaPath:("[^"]*"),keyword:("\w+"),params:(\{[^{}]*\})$/;
/** What other schemas would have to know, and there are none. */
const EVALUATED = [
  /const (evaluated\d+) = validate\d+\.evaluated;if\(\1\.dynamicProps\)\{[^}]*\}if\(\1\.dynamicItems\)\{[^}]*\}/g,
  /validate\d+\.evaluated = \{[^;]*\};/g,
];
const SCHEMA = /const (schema\d+) = (\{.*?\});/;

/** The same validator in fewer words. Throws when ajv writes what this does not know. */
export function compactValidator(code: string): string {
  const entered = code.replace(ENTRY, (_all, _name, fields: string) => renderEntry(fields));
  const alone = EVALUATED.reduce((text, pattern) => text.replace(pattern, ""), entered);
  const inlined = inlineSchema(alone);
  if (/const err\d+ =|\bschema\d+\b|\.evaluated\b/.test(inlined)) {
    throw new Error(
      "ajv writes validators in another way now: see scripts/build/compact-validator.ts",
    );
  }
  const directive = '"use strict";';
  return inlined.replace(directive, `${directive}\n${HELPERS}\n`);
}

function renderEntry(fields: string): string {
  const [, , path = "instancePath", schemaPath = '""', keyword = '""', params = "{}"] =
    FIELDS.exec(fields) ?? [];
  const type = /^\{type: ("[^"]*")\}$/.exec(params)?.[1];
  // Of all schema paths, only those of conditions are read (ansible/faults.ts).
  const more = schemaPath.includes("/allOf/") ? `, ${schemaPath}` : "";
  const entry =
    keyword === '"type"' && type !== undefined && more === ""
      ? `enterType(vErrors, ${path}, ${type})`
      : `enter(vErrors, ${path}, ${keyword}, ${params}${more})`;
  return `vErrors = ${entry};errors++;`;
}

/** A few lists out of the schema are all that the code reads of it. */
function inlineSchema(code: string): string {
  const [whole = "", name = "", text = ""] = SCHEMA.exec(code) ?? [];
  if (whole === "") return code;
  const schema: unknown = JSON.parse(text);
  const uses = new RegExp(`${name}((?:\\.\\w+)+)`, "g");
  return code
    .replace(whole, "")
    .replace(uses, (_all, path: string) => JSON.stringify(pick(schema, path.slice(1).split("."))));
}

function pick(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);
}
