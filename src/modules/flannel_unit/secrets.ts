// Keeps secrets out of texts that are shown: not only the declared ones, which redaction knows,
// but also older ones that stand in files and processes of the host.

import { MASK } from "../../base/secrets";
import { environmentNameOf } from "../../flannel/flags";
import { secretsIn } from "../../flannel/secret-text";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";

/** Settings that are secret without being listed. */
const SECRET_SETTINGS = ["etcd-password"];

/** Names of all secret settings. */
export function secretNames(
  options: Pick<FlannelUnitOptions, "secret_settings">,
): ReadonlySet<string> {
  return new Set([...SECRET_SETTINGS, ...options.secret_settings]);
}

/** The secret values among settings and environment, for redaction. */
export function secretsOf(options: FlannelUnitOptions): readonly unknown[] {
  const names = [...secretNames(options)];
  return [
    ...names.map((name) => options.settings[name]),
    ...names.map((name) => options.environment[environmentNameOf(name)]),
    // The backend comes from the network configuration, where keys are in the clear.
    ...secretsIn(options.backend),
    ...secretsIn(options.network_config),
  ];
}

/** Masks the value of every secret flag or variable in a unit file or command line. */
export function hideSecretFlags(
  text: string,
  options: Pick<FlannelUnitOptions, "secret_settings">,
): string {
  const names = [...secretNames(options)].filter((name) => /^[\w-]+$/.test(name));
  const words = [...names.map((name) => `--?${name}`), ...names.map(environmentNameOf)];
  const pattern = new RegExp(`(${words.join("|")})([= ])[^\\n]*`, "g");
  return text.replace(
    pattern,
    (_, name: string, separator: string) => `${name}${separator}${MASK}`,
  );
}

/** An environment file with every value masked. */
export function maskValues(text: string): string {
  return text.replace(/^([A-Za-z_][A-Za-z0-9_]*)=.*$/gm, `$1=${MASK}`);
}
