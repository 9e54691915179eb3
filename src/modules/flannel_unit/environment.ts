// The daemon's variables: those that everybody may see go into the unit, secrets into a file of their
// own that only root can read.

import { ModuleError } from "../../base/errors";
import { findControlCharacter } from "../../flannel/flag-values";
import { environmentNameOf } from "../../flannel/flag-variable";
import { type FlagValue, tryTextOf } from "../../flannel/flags";
import { type NetworkMark } from "../../flannel/overlay-network";
import { renderEnvironmentLine } from "../../host/systemd-quote";
import { ENVIRONMENT_HEADING, secretVariables } from "./secrets";
import { HIDDEN_VARIABLE } from "./unit-marks";

/** Variables by where they stand. */
export interface Variables {
  readonly open: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, string>>;
}

/**
 * Parts the variables into those of the unit file and those of the environment file. Throws
 * ModuleError `invalid_arguments` for what is no variable, or is given twice.
 */
export function splitVariables(
  environment: Readonly<Record<string, unknown>>,
  flags: readonly FlagValue[],
  secretNames: ReadonlySet<string>,
): Variables {
  const hidden = new Set(secretVariables(secretNames));
  const open: Record<string, string> = {};
  const secret: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment).sort()) {
    const text = checkVariable(name, value);
    if (text !== undefined) (hidden.has(name) ? secret : open)[name] = text;
  }
  for (const { name, value } of flags.filter((flag) => secretNames.has(flag.name))) {
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

/** Text of the environment file; undefined when there is nothing to keep from the eyes of others. */
export function renderEnvironmentFile(
  secret: Readonly<Record<string, string>>,
  mark: NetworkMark | undefined,
): string | undefined {
  const hidden = mark?.hidden ?? "";
  const variables = [
    ...Object.entries(secret),
    ...(hidden === "" ? [] : [[HIDDEN_VARIABLE, hidden] as const]),
  ];
  if (variables.length === 0) return undefined;
  const lines = [...variables].sort().map(([name, value]) => renderEnvironmentLine(name, value));
  return [ENVIRONMENT_HEADING, ...lines, ""].join("\n");
}

/** True if both texts give the daemon the same settings; the hidden part of the mark is none. */
export function isSameEnvironment(one: string | undefined, other: string | undefined): boolean {
  const settings = (text = "") =>
    text
      .split("\n")
      .filter((line) => !line.startsWith("#") && !line.startsWith(`${HIDDEN_VARIABLE}=`))
      .join("\n")
      .trim();
  return settings(one) === settings(other);
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
