// What a start of the daemon would lack on this host: its program, files and interfaces of its flags.

import { tryParseAddress } from "../../flannel/address";
import { type FlagValue, filesOf, flagValue } from "../../flannel/flags";
import { hasAddress, listInterfaces } from "../../host/network";
import { tryIdentify } from "../../host/proc";

/** One thing that is not there. */
export interface Lack {
  /** Which setting needs what, and what to do. */
  readonly message: string;
  /** The daemon would not start, or could not do its work; else it would run on without something. */
  readonly isVital: boolean;
  /** Something that the play brings before the daemon starts. */
  readonly isBroughtLater: boolean;
}

/** What a start needs, and what is brought to the host before it. */
export interface Needs {
  readonly binary: string;
  readonly flags: readonly FlagValue[];
  /** Paths of files that are written before the daemon starts, or in check mode would be. */
  readonly brought: ReadonlySet<string>;
}

/** The files and interfaces that are not there. */
export function findLacks({ binary, flags, brought }: Needs): readonly Lack[] {
  const isLacking = (path: string) => !brought.has(path) && tryIdentify(path) === undefined;
  const files = [
    ...(isLacking(binary)
      ? [`binary: ${binary}: does not exist, install it first (flannel_install)`]
      : []),
    ...filesOf(flags)
      .filter(({ value }) => isLacking(value))
      .map(({ name, value }) => `settings: ${name}: ${value}: no such file on this host`),
  ];
  const interfaces = findMissingInterfaces(flags).map(
    (name) => `settings: iface: ${name}: no such interface or address on this host`,
  );
  return [
    ...files.map((message) => ({ message, isVital: true, isBroughtLater: true })),
    ...interfaces.map((message) => ({ message, isVital: true, isBroughtLater: false })),
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
