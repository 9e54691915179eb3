// Where secrets stand, and how the configuration is shown without them.

import { MASK } from "../../base/secrets";
import { userinfoIn } from "../../base/userinfo";
import { maskOfRevision } from "../../flannel/masked-secret";
import { type Hide, allSecretsIn, layOutText } from "../../flannel/secret-text";

/** Options that may hold secrets beside those that are no_log. */
interface SecretOptions {
  readonly endpoints?: unknown;
  readonly config?: unknown;
  readonly backend?: unknown;
}

/** Secret values in addresses and inside the declared configuration, also in text that turns out to be none. */
export function secretsOf({ endpoints, config, backend }: SecretOptions): readonly unknown[] {
  // A password with a comma in it was taken for two addresses.
  const list = [endpoints].flat().join(",");
  return [...[list, ...list.split(",")].flatMap(userinfoIn), ...allSecretsIn([config, backend])];
}

/** When the key was written tells one secret from another, and nothing about either. */
export function hideByRevision(revision: number | undefined): Hide {
  const shown = maskOfRevision(revision);
  return () => shown;
}

const hideByChange: Hide = (secret, before) =>
  before !== undefined && before !== secret ? `${MASK} (another one)` : MASK;

/** The text of a key as people read it: JSON with indentation; a secret that differs from `old` says so. */
export function printText(text: string | undefined, old?: string): string {
  return text === undefined ? "" : `${layOutText(text, hideByChange, old)}\n`;
}
