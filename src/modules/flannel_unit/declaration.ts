// From options to what shall be on the host: pure, and the one place where options become files.

import { ModuleError } from "../../ansible/errors";
import { didYouMean } from "../../ansible/nearest";
import { type Families } from "../../flannel/devices";
import { type DeclaredNetworks, DEFAULT_SUBNET_FILE } from "../../flannel/subnet-env";
import { findControlCharacter } from "../../flannel/flag-values";
import {
  type FlagValue,
  FLAGS,
  environmentNameOf,
  flagValue,
  parseSettings,
  tryTextOf,
} from "../../flannel/flags";
import { type Family, tryParseCidr } from "../../flannel/address";
import { type FlannelVersion, parseVersion } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { renderEnvironmentLine } from "../../host/systemd-quote";
import { type UnitText, renderUnit } from "./render-unit";
import { secretNames } from "./secrets";

/** Everything the options say about the host, as files, arguments and variables. */
export interface Declaration {
  /** "flanneld.service". */
  readonly unitName: string;
  readonly unitPath: string;
  readonly unit: UnitText;
  readonly environmentPath: string;
  /** Text of the environment file; undefined when no secret needs one. */
  readonly environmentText: string | undefined;
  readonly version: FlannelVersion | undefined;
  /** All flags, the secret ones included. */
  readonly flags: readonly FlagValue[];
  /** What /proc/<pid>/cmdline of the right process holds. */
  readonly argv: readonly string[];
  /** Variables the right process has, from the unit and from the environment file. */
  readonly environment: Readonly<Record<string, string>>;
  readonly subnetFile: string;
  readonly networks: DeclaredNetworks;
}

/** Checks the options as a whole. Throws ModuleError `invalid_arguments` before anything is done. */
export function declare(options: FlannelUnitOptions): Declaration {
  const { flannel_version: tag } = options;
  const version = tag === undefined ? undefined : parseVersion(tag, "flannel_version");
  const flags = parseSettings(options.settings, version);
  const secret = secretNames(options);
  checkSecretSettings(options.secret_settings);
  const visible = flags.filter((flag) => !secret.has(flag.name));
  const variables = splitEnvironment(options, flags, secret);
  const unitName = unitNameOf(options.name);
  const environmentPath = `${options.options_dir}/${unitName.replace(/\.service$/, "")}.env`;
  const flagArguments = visible.map((flag) => `-${flag.name}=${flag.value}`);
  const hasSecrets = Object.keys(variables.secret).length > 0;
  const subnetFile = flagValue(flags, "subnet-file") ?? DEFAULT_SUBNET_FILE;
  return {
    unitName,
    unitPath: `${options.unit_dir}/${unitName}`,
    unit: renderUnit(options, {
      arguments: flagArguments,
      environment: variables.open,
      ...(hasSecrets ? { environmentPath } : {}),
      subnetFile,
    }),
    environmentPath,
    environmentText: hasSecrets ? renderEnvironmentFile(variables.secret) : undefined,
    version,
    flags,
    argv: [options.binary, ...flagArguments],
    environment: { ...variables.open, ...variables.secret },
    subnetFile,
    networks: readNetworks(options),
  };
}

/** Which families the declared networks switch on; IPv4 when nothing is declared. */
export function declaredFamilies({ network, ipv6Network }: DeclaredNetworks): Families {
  const ipv6 = ipv6Network !== undefined;
  return { ipv4: network !== undefined || !ipv6, ipv6 };
}

function unitNameOf(name: string): string {
  const base = name.replace(/\.service$/, "");
  if (/^[A-Za-z0-9:_.\\-]+$/.test(base) && !base.startsWith(".")) return `${base}.service`;
  throw new ModuleError(
    "invalid_arguments",
    `name: "${name}" is not a unit name, expected letters, digits, ":", "_", "." or "-"`,
  );
}

function readNetworks(options: FlannelUnitOptions): DeclaredNetworks {
  const { network, ipv6_network: ipv6Network } = options;
  checkNetwork("network", network, 4);
  checkNetwork("ipv6_network", ipv6Network, 6);
  return {
    ...(network === undefined ? {} : { network }),
    ...(ipv6Network === undefined ? {} : { ipv6Network }),
  };
}

function checkNetwork(option: string, value: string | undefined, family: Family): void {
  if (value === undefined || tryParseCidr(value)?.family === family) return;
  const message = `${option}: "${value}": expected an IPv${family} CIDR`;
  throw new ModuleError("invalid_arguments", message);
}

/** A misspelt name would leave its setting on the command line, for all to see. */
function checkSecretSettings(names: readonly string[]): void {
  for (const name of names.filter((candidate) => !Object.hasOwn(FLAGS, candidate))) {
    const guess = didYouMean(name, Object.keys(FLAGS));
    throw new ModuleError(
      "invalid_arguments",
      `secret_settings: ${name}: is no flag of flanneld${guess}`,
    );
  }
}

interface Variables {
  readonly open: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, string>>;
}

/** Parts the variables into those of the unit file and those of the environment file. */
function splitEnvironment(
  options: FlannelUnitOptions,
  flags: readonly FlagValue[],
  secretFlags: ReadonlySet<string>,
): Variables {
  const secretVariables = new Set([...secretFlags].map(environmentNameOf));
  const open: Record<string, string> = {};
  const secret: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.environment).sort()) {
    const text = checkVariable(name, value);
    if (text !== undefined) (secretVariables.has(name) ? secret : open)[name] = text;
  }
  for (const { name, value } of flags.filter((flag) => secretFlags.has(flag.name))) {
    const variable = environmentNameOf(name);
    if (variable in secret) {
      throw new ModuleError(
        "invalid_arguments",
        `settings: ${name}: a secret setting goes to the daemon as ${variable} and can have one value only, but it is given again`,
      );
    }
    secret[variable] = value;
  }
  return { open, secret };
}

function checkVariable(name: string, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const text = tryTextOf(value);
  const fault = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    ? "is not a name for an environment variable"
    : text === undefined
      ? "expected text, a number or a boolean"
      : findControlCharacter(text);
  if (fault === undefined) return text;
  throw new ModuleError("invalid_arguments", `environment: ${name}: ${fault}`);
}

function renderEnvironmentFile(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables)
    .sort()
    .map(([name, value]) => renderEnvironmentLine(name, value));
  return ["# Written by Ansible (flannel_unit): secrets of flanneld.", ...lines, ""].join("\n");
}
