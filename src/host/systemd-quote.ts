// systemd's quoting rules (systemd.syntax(7), systemd.service(5), systemd.exec(5)), so that a value
// arrives in the process as it was declared.

/** Characters that mean themselves everywhere in a unit file. */
const PLAIN = /^[A-Za-z0-9_@:=,./+-]+$/;

/** One word of a command line after the program: quoted, no specifier, no variable, no escape. */
export function quoteArgument(value: string): string {
  return PLAIN.test(value) ? value : `"${escapeQuoted(value).replace(/\$/g, "$$$$")}"`;
}

/** A path that is one of several words, or a program: no variables there, so "$" must not be doubled. */
export function quotePath(path: string): string {
  return PLAIN.test(path) ? path : `"${escapeQuoted(path)}"`;
}

/** One assignment for `Environment=`, where "$" has no meaning. */
export function quoteAssignment(name: string, value: string): string {
  const assignment = `${name}=${value}`;
  return PLAIN.test(assignment) ? assignment : `"${escapeQuoted(assignment)}"`;
}

/** A path that stands alone behind "=": only specifiers are expanded there. */
export function escapeSpecifiers(value: string): string {
  return value.replace(/%/g, "%%");
}

/** One line of an environment file: no specifiers there, and quoting as in a shell. */
export function renderEnvironmentLine(name: string, value: string): string {
  return `${name}="${value.replace(/["\\`$]/g, "\\$&")}"`;
}

function escapeQuoted(value: string): string {
  return value.replace(/["\\]/g, "\\$&").replace(/%/g, "%%");
}
