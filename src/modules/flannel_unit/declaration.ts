// From options to what shall be on the host: pure, and the one place where options become files.

import { ModuleError } from "../../base/errors";
import { didYouMean } from "../../base/nearest";
import { type Backend, type Families } from "../../flannel/devices";
import { type PodNetworks, DEFAULT_SUBNET_FILE } from "../../flannel/subnet-env";
import { findControlCharacter } from "../../flannel/flag-values";
import {
  type FlagValue,
  FLAGS,
  environmentNameOf,
  flagValue,
  parseSettings,
  tryTextOf,
} from "../../flannel/flags";
import { type FlannelVersion, parseVersion } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { renderEnvironmentLine } from "../../host/systemd-quote";
import { declareNetwork } from "./declared-network";
import { type UnitText, findNetworkMark, renderUnit } from "./render-unit";
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
  readonly networks: PodNetworks;
  /** The declared `Backend`; empty when none is. */
  readonly backend: Backend;
  /** The network configuration the process is to have been started for; undefined: not known. */
  readonly networkMark: string | undefined;
}

/**
 * Checks the options as a whole. `unitText` is the unit file that is there: its mark of the network
 * configuration stands where the options declare none. Throws ModuleError `invalid_arguments` before
 * anything is done.
 */
export function declare(options: FlannelUnitOptions, unitText = ""): Declaration {
  const { flannel_version: tag } = options;
  const version = tag === undefined ? undefined : parseVersion(tag, "flannel_version");
  const flags = parseSettings(options.settings, version);
  const secret = secretNames(options);
  checkSecretSettings(options.secret_settings);
  const visible = flags.filter((flag) => !secret.has(flag.name));
  const variables = splitEnvironment(options, flags, secret);
  const { unitName, unitPath } = locateUnit(options);
  const environmentPath = `${options.options_dir}/${unitName.replace(/\.service$/, "")}.env`;
  const flagArguments = visible.map((flag) => `-${flag.name}=${flag.value}`);
  const hasSecrets = Object.keys(variables.secret).length > 0;
  const subnetFile = flagValue(flags, "subnet-file") ?? DEFAULT_SUBNET_FILE;
  const network = declareNetwork(options);
  const networkMark = network.mark ?? findNetworkMark(unitText);
  return {
    unitName,
    unitPath,
    unit: renderUnit(options, {
      arguments: flagArguments,
      environment: variables.open,
      ...(hasSecrets ? { environmentPath } : {}),
      subnetFile,
      ...(networkMark === undefined ? {} : { networkMark }),
    }),
    environmentPath,
    environmentText: hasSecrets ? renderEnvironmentFile(variables.secret) : undefined,
    version,
    flags,
    argv: [options.binary, ...flagArguments],
    environment: { ...variables.open, ...variables.secret },
    subnetFile,
    networks: network.networks,
    backend: network.backend,
    networkMark,
  };
}

/** Name and path of the unit. Throws ModuleError `invalid_arguments` for what is no name. */
export function locateUnit({
  name,
  unit_dir: folder,
}: FlannelUnitOptions): Pick<Declaration, "unitName" | "unitPath"> {
  const unitName = unitNameOf(name);
  return { unitName, unitPath: `${folder}/${unitName}` };
}

/** Which families the declared networks switch on; IPv4 when nothing is declared. */
export function declaredFamilies({
  network,
  ipv6Network,
}: {
  readonly [Name in keyof PodNetworks]: string | undefined;
}): Families {
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
