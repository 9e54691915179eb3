// Keeps secrets out of texts that are shown: not only the declared ones, which redaction knows,
// but also older ones that stand in files and processes of the host.

import { isRecord } from "../../base/json";
import { MASK } from "../../base/secrets";
import { environmentNameOf } from "../../flannel/flag-variable";
import { tryRevisionOf } from "../../flannel/masked-secret";
import { allSecretsIn } from "../../flannel/secret-text";
import { HEADER } from "./header";

/** Options that may hold secrets; of any type, as they are asked for before options are checked, too. */
interface SecretOptions {
  readonly settings?: unknown;
  readonly settings_user?: unknown;
  readonly secret_settings?: unknown;
  readonly environment?: unknown;
  readonly backend?: unknown;
  readonly network_config?: unknown;
}

/** The first line of every environment file that this module writes. */
export const ENVIRONMENT_HEADING = `${HEADER}: secrets of flanneld.`;

/** Settings that are secret without being listed. */
const SECRET_SETTINGS = ["etcd-password"];

/** Names of all secret settings, and of variables that are secret by themselves. */
export function secretNames(listed: readonly string[]): ReadonlySet<string> {
  return new Set([...SECRET_SETTINGS, ...listed]);
}

/** The variables whose values are secret: each name as it is, and as the flag that it may be. */
export function secretVariables(names: Iterable<string>): readonly string[] {
  return [...names].flatMap((name) => [name, environmentNameOf(name)]);
}

/** The secret values among settings, environment and network configuration. Throws for what is no dict. */
export function secretsOf(options: SecretOptions): readonly unknown[] {
  const listed: readonly unknown[] = [options.secret_settings].flat();
  const words = listed.flatMap((name) => (typeof name === "string" ? name.split(",") : []));
  const names = [...secretNames(words.map((name) => name.trim()))];
  return [
    ...valuesOf(options.settings, names),
    ...valuesOf(options.settings_user, names),
    ...valuesOf(options.environment, secretVariables(names)),
    // What is masked already is no secret, and its words occur in sentences.
    ...allSecretsIn([options.backend, options.network_config]).filter(
      (value) => tryRevisionOf(value) === undefined,
    ),
  ];
}

function valuesOf(dict: unknown, names: readonly string[]): readonly unknown[] {
  if (dict === undefined || dict === null) return [];
  if (!isRecord(dict)) throw new TypeError("expected a dict");
  return names.flatMap((name) => dict[name] ?? []);
}

/** Masks the value of every secret flag or variable in a unit file or command line. */
export function hideSecretFlags(text: string, secrets: ReadonlySet<string>): string {
  const names = [...secrets].filter((name) => /^[\w-]+$/.test(name));
  const words = names.flatMap((name) => [`--?${name}`, environmentNameOf(name), `\\b${name}(?==)`]);
  // A line that goes on behind a backslash may have the value on its next one.
  const pattern = new RegExp(`(${words.join("|")})(=?\\s*\\\\\\n\\s*|[= ])[^\\n]*`, "g");
  return text.replace(
    pattern,
    (_, name: string, separator: string) => `${name}${separator}${MASK}`,
  );
}

/** An environment file with nothing but its heading and the names of its variables, whoever wrote it. */
export function maskValues(text: string): string {
  return text.replace(/^.+$/gm, (line) => {
    if (line === ENVIRONMENT_HEADING) return line;
    return `${/^[A-Z_][A-Z0-9_]*=/.exec(line)?.[0] ?? ""}${MASK}`;
  });
}
