// The text of the unit file.

import { posix } from "node:path";

import { ModuleError } from "../../base/errors";
import { hash64 } from "../../base/hash";
import { findControlCharacter } from "../../flannel/flag-values";
import { tryTextOf } from "../../flannel/flags";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import {
  escapeSpecifiers,
  quoteArgument,
  quoteAssignment,
  quotePath,
} from "../../host/systemd-quote";
import { hardeningOf } from "./hardening";

type Directive = readonly [name: string, value: string];

export interface UnitText {
  readonly text: string;
  /**
   * Fingerprint of all directives a running process owes its existence to. The process carries it
   * as `DIGEST_VARIABLE`, so that it can be seen from which of them it was started.
   */
  readonly digest: string;
  /** Units whose `.wants` and `.requires` directories link to this one when it is enabled. */
  readonly links: readonly string[];
}

/** Parts of a unit that are not options as they stand. */
export interface UnitParts {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentPath?: string;
  readonly subnetFile: string;
  /** What the process is to carry as `NETWORK_VARIABLE`. */
  readonly networkMark?: string;
}

/** Environment variable of the daemon that holds the fingerprint of its unit. */
export const DIGEST_VARIABLE = "ANSIBLE_FLANNEL_UNIT";

/** Environment variable of the daemon that holds the mark of its network configuration. */
export const NETWORK_VARIABLE = "ANSIBLE_FLANNEL_NETWORK";

/** Lines about the process that are no part of what it does, so not of its fingerprint either. */
const MARKS = new RegExp(`^Environment="?(?:${DIGEST_VARIABLE}|${NETWORK_VARIABLE})=`);

/** Directives that systemd applies without the process being started again. */
const WITHOUT_RESTART = new Set([
  "Restart",
  "RestartSec",
  "RuntimeDirectoryPreserve",
  "TimeoutSec",
  "TimeoutStartSec",
  "TimeoutStopSec",
]);

/** Renders the unit with the meaning of the replaced role's template. Throws on text no unit may hold. */
export function renderUnit(options: FlannelUnitOptions, parts: UnitParts): UnitText {
  const extra = readExtraDirectives(options.extra_directives);
  const service = [...serviceDirectives(options, parts), ...(extra.get("Service") ?? [])];
  const digest = fingerprintOf(joinSection("Service", service));
  const install = [...installDirectives(options), ...(extra.get("Install") ?? [])];
  const sections: [string, readonly Directive[]][] = [
    ["Unit", [...unitDirectives(options), ...(extra.get("Unit") ?? [])]],
    ["Service", [...service, ...renderMarks(digest, parts.networkMark)]],
    ["Install", install],
  ];
  const texts = sections.map(([name, directives]) => joinSection(name, directives));
  return {
    text: ["# Written by Ansible (flannel_unit).", ...texts].join("\n"),
    digest,
    links: linksOf(install),
  };
}

function renderMarks(digest: string, networkMark: string | undefined): Directive[] {
  const unit: Directive = ["Environment", quoteAssignment(DIGEST_VARIABLE, digest)];
  if (networkMark === undefined) return [unit];
  return [unit, ["Environment", quoteAssignment(NETWORK_VARIABLE, networkMark)]];
}

/** The mark of the network configuration in a unit file's text; undefined when it has none. */
export function findNetworkMark(text: string): string | undefined {
  return new RegExp(`^Environment="?${NETWORK_VARIABLE}=([^"\\n]*)"?$`, "m").exec(text)?.[1];
}

/** A unit file's text without the mark of the network configuration. */
export function withoutNetworkMark(text: string): string {
  return text.replace(new RegExp(`^Environment="?${NETWORK_VARIABLE}=.*\\n`, "m"), "");
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

/** The fingerprint of a unit file's text, whoever wrote it: equal texts run equal processes. */
export function fingerprintOf(text: string): string {
  const service = /^\[Service\]\n([^]*?)(?=^\[|(?![^]))/m.exec(text)?.[1] ?? "";
  const directives = service.split(/(?<!\\)\n/).filter((line) => {
    const name = line.slice(0, line.indexOf("="));
    return line.includes("=") && !WITHOUT_RESTART.has(name) && !MARKS.test(line);
  });
  return hash64(directives.join("\n"));
}

function unitDirectives(options: FlannelUnitOptions): Directive[] {
  return [
    ["Description", "Flannel network daemon"],
    ["Documentation", "https://github.com/flannel-io/flannel"],
    ...unitList("After", "after", options.after),
    ...unitList("Wants", "wants", options.wants),
    ...unitList("Before", "before", options.before),
  ];
}

function installDirectives(options: FlannelUnitOptions): Directive[] {
  return [
    ...unitList("WantedBy", "wanted_by", options.wanted_by),
    ...unitList("RequiredBy", "required_by", options.required_by),
  ];
}

function serviceDirectives(options: FlannelUnitOptions, parts: UnitParts): Directive[] {
  const { timeout_start_sec: timeout } = options;
  const environment = Object.entries(parts.environment);
  return [
    ["Type", "notify"],
    ["Restart", "always"],
    ["RestartSec", plainText("restart_sec", options.restart_sec)],
    ...(timeout === undefined
      ? []
      : ([["TimeoutStartSec", plainText("timeout_start_sec", timeout)]] as const)),
    ["LimitNOFILE", plainText("limit_nofile", options.limit_nofile)],
    ["LimitNPROC", plainText("limit_nproc", options.limit_nproc)],
    ...runtimeDirectory(parts.subnetFile),
    ...environment.map(([name, value]): Directive => ["Environment", quoteAssignment(name, value)]),
    // With "-" in front a missing file would be ignored, and the password with it.
    ...(parts.environmentPath === undefined
      ? []
      : ([["EnvironmentFile", quoteEnvironmentPath(parts.environmentPath)]] as const)),
    ...commands("ExecStartPre", "exec_start_pre", options.exec_start_pre),
    [
      "ExecStart",
      [quoteBinary(options.binary), ...parts.arguments.map(quoteArgument)].join(" \\\n  "),
    ],
    ...commands("ExecStartPost", "exec_start_post", options.exec_start_post),
    ...(options.hardening ? hardeningOf(parts.subnetFile) : []),
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

function unitList(directive: string, option: string, units: readonly string[]): Directive[] {
  if (units.length === 0) return [];
  return [[directive, units.map((unit) => plainText(option, unit)).join(" ")]];
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
function quoteEnvironmentPath(path: string): string {
  return escapeSpecifiers(plainText("options_dir", path));
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
  return [`[${name}]`, ...directives.map(([key, value]) => `${key}=${value}`), ""].join("\n");
}
