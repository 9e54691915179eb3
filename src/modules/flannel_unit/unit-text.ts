// The text of the unit file.

import { posix } from "node:path";

import { ModuleError } from "../../base/errors";
import { findControlCharacter } from "../../flannel/flag-values";
import { tryTextOf } from "../../flannel/flags";
import {
  escapeSpecifiers,
  quoteArgument,
  quoteAssignment,
  quotePath,
} from "../../host/systemd-quote";
import { hardeningOf } from "./hardening";
import { HEADER } from "./header";
import { type Directive, type Marks, fingerprintOf, renderMarks } from "./unit-marks";

const UNIT_SUFFIX =
  /(^|\.(automount|device|mount|path|scope|service|slice|socket|swap|target|timer))$/;

/** A unit but for its marks, which depend on what is on the host. */
export interface UnitSections {
  /** The file up to the end of the Service section, and what is behind that. */
  readonly head: string;
  readonly tail: string;
  /**
   * Fingerprint of all directives a running process owes its existence to. The process carries it,
   * so that it can be seen from which of them it was started.
   */
  readonly digest: string;
  /** Units whose `.wants` and `.requires` directories link to this one when it is enabled. */
  readonly links: readonly string[];
}

/** What a unit is made of; faults are reported under the names of the options. */
export interface UnitParts {
  readonly after: readonly string[];
  readonly wants: readonly string[];
  /** Units with which the daemon is stopped and started again, and after which it starts. */
  readonly partOf: readonly string[];
  readonly before: readonly string[];
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly restartSec: string;
  readonly timeoutStartSec: string | undefined;
  readonly limitNofile: string;
  readonly limitNproc: string;
  /** A command line of systemd's or a list of them. */
  readonly startPre: unknown;
  readonly startPost: unknown;
  readonly binary: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentPath: string;
  /** The daemon needs the environment file: it holds secrets, and not only marks. */
  readonly hasSecrets: boolean;
  readonly subnetFile: string;
  readonly isHardened: boolean;
  /** Further directives by section. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Renders the unit with the meaning of the replaced role's template. Throws on text no unit may hold. */
export function renderSections(parts: UnitParts): UnitSections {
  checkEnvironmentPath(parts.environmentPath);
  const extra = readExtraDirectives(parts.extra);
  const unit = withStartLimit([...unitDirectives(parts), ...(extra.get("Unit") ?? [])]);
  const service = [...serviceDirectives(parts), ...(extra.get("Service") ?? [])];
  const install = [...installDirectives(parts), ...(extra.get("Install") ?? [])];
  const text = joinSection("Service", service);
  return {
    head: [`${HEADER}.`, joinSection("Unit", unit), text].join("\n"),
    tail: `\n${joinSection("Install", install)}`,
    digest: fingerprintOf(text, parts.environmentPath),
    links: linksOf(install),
  };
}

/** The whole unit file, for a process that is to carry these marks. */
export function renderUnit(
  { head, tail, digest }: UnitSections,
  marks: Marks,
  environmentPath: string,
): string {
  return `${head}${joinLines(renderMarks(digest, marks, environmentPath))}${tail}`;
}

/** The directories in which systemctl enable links to a unit with this Install section. */
function linksOf(install: readonly Directive[]): readonly string[] {
  const suffixes: Readonly<Record<string, string>> = { WantedBy: "wants", RequiredBy: "requires" };
  const links = install.flatMap(([name, units]) => {
    const suffix = suffixes[name];
    return suffix === undefined ? [] : units.split(/\s+/).map((unit) => `${unit}.${suffix}`);
  });
  return [...new Set(links)].sort();
}

function unitDirectives(parts: UnitParts): Directive[] {
  return [
    ["Description", "Flannel network daemon"],
    ["Documentation", "https://github.com/flannel-io/flannel"],
    ...unitList("After", "after", [...parts.after, ...parts.partOf]),
    ...unitList("Wants", "wants", parts.wants),
    ...unitList("PartOf", "part_of", parts.partOf),
    ...unitList("Before", "before", parts.before),
  ];
}

/**
 * By itself systemd gives up after 5 starts in 10 s (systemd.unit, StartLimitBurst), and the daemon stays down
 * because an interface was late at boot. Restart=always is to mean it, unless somebody sets a limit.
 */
function withStartLimit(unit: readonly Directive[]): readonly Directive[] {
  const isSet = unit.some(([name]) => name.startsWith("StartLimit"));
  return isSet ? unit : [...unit, ["StartLimitIntervalSec", "0"]];
}

function installDirectives(parts: UnitParts): Directive[] {
  return [
    ...unitList("WantedBy", "wanted_by", parts.wantedBy),
    ...unitList("RequiredBy", "required_by", parts.requiredBy),
  ];
}

function serviceDirectives(parts: UnitParts): Directive[] {
  const { timeoutStartSec: timeout } = parts;
  const environment = Object.entries(parts.environment);
  return [
    ["Type", "notify"],
    ["Restart", "always"],
    ["RestartSec", plainText("restart_sec", parts.restartSec)],
    ...(timeout === undefined
      ? []
      : ([["TimeoutStartSec", plainText("timeout_start_sec", timeout)]] as const)),
    ["LimitNOFILE", plainText("limit_nofile", parts.limitNofile)],
    ["LimitNPROC", plainText("limit_nproc", parts.limitNproc)],
    ...runtimeDirectory(parts.subnetFile),
    ...environment.map(([name, value]): Directive => ["Environment", quoteAssignment(name, value)]),
    // With "-" in front a missing file would be ignored, and the password with it.
    ...(parts.hasSecrets
      ? ([["EnvironmentFile", escapeSpecifiers(parts.environmentPath)]] as const)
      : []),
    ...commands("ExecStartPre", "exec_start_pre", parts.startPre),
    [
      "ExecStart",
      [quoteBinary(parts.binary), ...parts.arguments.map(quoteArgument)].join(" \\\n  "),
    ],
    ...commands("ExecStartPost", "exec_start_post", parts.startPost),
    ...(parts.isHardened ? hardeningOf(parts.subnetFile) : []),
  ];
}

/**
 * Keeps the directory of subnet.env when the daemon stops: the CNI plugin reads it, and the next
 * start takes the lease up again from it.
 */
function runtimeDirectory(subnetFile: string): Directive[] {
  const directory = posix.dirname(posix.normalize(subnetFile));
  const name = /^(?:\/var)?\/run\/([A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*)$/.exec(directory)?.[1];
  if (name === undefined) return [];
  return [
    ["RuntimeDirectory", name],
    ["RuntimeDirectoryPreserve", "yes"],
  ];
}

/** A name without a suffix is a service's, as for systemctl; systemd itself would drop it. */
function unitList(directive: string, option: string, units: readonly string[]): Directive[] {
  if (units.length === 0) return [];
  const names = units.flatMap((unit) => plainText(option, unit).split(/\s+/));
  const complete = names.map((name) => (UNIT_SUFFIX.test(name) ? name : `${name}.service`));
  return [[directive, [...new Set(complete)].join(" ")]];
}

/** Command lines of the user's: systemd reads them, "%" and "$" included. */
function commands(directive: string, option: string, value: unknown): Directive[] {
  const lines: readonly unknown[] = Array.isArray(value) ? value : [value ?? ""];
  return lines.flatMap((line): Directive[] => {
    if (typeof line !== "string") {
      throw new ModuleError("invalid_arguments", `${option}: expected command lines as text`);
    }
    return line.trim() === "" ? [] : [[directive, plainText(option, line)]];
  });
}

/** Text that must stay on its line; everything else about it is for systemd-analyze to judge. */
function plainText(option: string, value: string): string {
  const text = value.trim();
  const fault =
    findControlCharacter(text) ??
    (text.endsWith("\\")
      ? "must not end in a backslash, which would join the next line"
      : undefined);
  if (fault === undefined) return text;
  throw new ModuleError("invalid_arguments", `${option}: ${JSON.stringify(value)} ${fault}`);
}

/** systemd takes the rest of the line for the path, blanks and quotes included. */
function checkEnvironmentPath(path: string): void {
  plainText("options_dir", path);
}

function quoteBinary(path: string): string {
  const fault = findControlCharacter(path);
  if (path.startsWith("/") && fault === undefined) return quotePath(path);
  throw new ModuleError(
    "invalid_arguments",
    `binary: ${JSON.stringify(path)} ${fault ?? "is not an absolute path"}`,
  );
}

function readExtraDirectives(
  sections: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, readonly Directive[]> {
  const result = new Map<string, readonly Directive[]>();
  for (const [section, directives] of Object.entries(sections)) {
    const known = ["Unit", "Service", "Install"].includes(section);
    if (!known || typeof directives !== "object" || directives === null) {
      throw new ModuleError(
        "invalid_arguments",
        `extra_directives: ${section}: expected a dict of directives under Unit, Service or Install`,
      );
    }
    result.set(section, Object.entries(directives).flatMap(readExtraDirective));
  }
  return result;
}

function readExtraDirective([name, value]: [string, unknown]): Directive[] {
  const where = `extra_directives: ${name}`;
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw new ModuleError("invalid_arguments", `${where}: is not the name of a directive`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values
    .filter((item) => item !== null)
    .map((item): Directive => [name, plainText(where, directiveText(where, item))]);
}

function directiveText(where: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = tryTextOf(value);
  if (text !== undefined) return text;
  throw new ModuleError("invalid_arguments", `${where}: expected text, a number or a boolean`);
}

function joinSection(name: string, directives: readonly Directive[]): string {
  return `[${name}]\n${joinLines(directives)}`;
}

function joinLines(directives: readonly Directive[]): string {
  return directives.map(([key, value]) => `${key}=${value}\n`).join("");
}
