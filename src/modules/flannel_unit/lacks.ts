// What a start of the daemon would lack on this host: its program, files and interfaces of its flags.

import { tryParseAddress } from "../../flannel/address";
import { type FlagValue, filesOf, flagValue } from "../../flannel/flags";
import { hasAddress, listInterfaces } from "../../host/network";
import { tryIdentify } from "../../host/proc";

/** What a start needs, and what is brought to the host before it. */
export interface Needs {
  readonly binary: string;
  readonly flags: readonly FlagValue[];
  /** Paths of files that are written before the daemon starts, or in check mode would be. */
  readonly brought: ReadonlySet<string>;
}

/** One sentence for each thing that is not there; another task may be about to bring it. */
export function findLacks({ binary, flags, brought }: Needs): readonly string[] {
  const isLacking = (path: string) => !brought.has(path) && tryIdentify(path) === undefined;
  return [
    ...(isLacking(binary)
      ? [`binary: ${binary}: does not exist, install it first (flannel_install)`]
      : []),
    ...filesOf(flags)
      .filter(({ value }) => isLacking(value))
      .map(({ name, value }) => `settings: ${name}: ${value}: no such file on this host`),
    ...findMissingInterfaces(flags).map(
      (name) => `settings: iface: ${name}: no such interface or address on this host`,
    ),
  ];
}

function findMissingInterfaces(flags: readonly FlagValue[]): readonly string[] {
  const wanted = flags.filter((flag) => flag.name === "iface").map((flag) => flag.value);
  if (wanted.length === 0) return [];
  const names = new Set(listInterfaces());
  const missing = wanted.filter(
    (value) => !names.has(value) && !(tryParseAddress(value) !== undefined && hasAddress(value)),
  );
  // The daemon tries one after the other, so one that exists is enough.
  const alternatives =
    missing.length < wanted.length || flagValue(flags, "iface-regex") !== undefined;
  return alternatives ? [] : missing;
}
