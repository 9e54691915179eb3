// The CNI network configuration list: by it, container runtimes find flannel's plugin.

import { basename, dirname } from "node:path";

import { ModuleError } from "../../base/errors";
import { describeType, isRecord, tryParseRecord } from "../../base/json";
import { type ConfFile, type ConfFileState, printJson } from "./conf-files";

/**
 * The file to write: a dict is printed, text stays as it is. Throws `invalid_arguments` for what no
 * runtime could read.
 */
export function cniFileOf(path: string, conf: unknown): ConfFile {
  return { ...cniFileToRemove(path), content: textOf(conf) };
}

/** The configuration that is to be written, as runtimes will read it. */
export function cniConfIn(
  files: readonly ConfFile[],
): Readonly<Record<string, unknown>> | undefined {
  return tryParseRecord(files.find(({ isShared }) => isShared)?.content ?? "");
}

/** The file to remove. */
export function cniFileToRemove(path: string): ConfFile {
  return { path, content: undefined, hide: (text) => text, isForDaemon: false, isShared: true };
}

/** What keeps container runtimes from the configuration that is written. */
export function warnOfRivals(states: readonly ConfFileState[]): readonly string[] {
  const written = states.filter(({ file }) => file.isShared && file.content !== undefined);
  return written.flatMap(({ file, neighbours }) => findRival(file.path, neighbours) ?? []);
}

/**
 * What there is to say of other configurations in the same directory: runtimes take the first by
 * name (libcni: .conf, .conflist and .json).
 */
export function findRival(path: string, names: readonly string[]): string | undefined {
  const own = basename(path);
  const known = names.filter((name) => /\.(conf|conflist|json)$/.test(name));
  const [first] = known.filter((name) => name < own).sort();
  if (first === undefined) return undefined;
  return `cni_conf_path: ${dirname(path)}/${first}: sorts before ${own}, so container runtimes take it instead; remove it if it is left over`;
}

function textOf(conf: unknown): string {
  if (isRecord(conf)) return printJson(conf);
  if (typeof conf !== "string") throw faultOf(`got ${describeType(conf)}`);
  if (tryParseRecord(conf) === undefined) throw faultOf(whyNot(conf));
  return conf.endsWith("\n") ? conf : `${conf}\n`;
}

function whyNot(text: string): string {
  try {
    return `got ${describeType(JSON.parse(text))}`;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : "it cannot be read";
  }
}

function faultOf(reason: string): ModuleError {
  return new ModuleError(
    "invalid_arguments",
    `cni_conf: expected a CNI configuration list, a dict or the JSON text of one: ${reason}`,
  );
}
