// The daemon as it is to run: its flags, its command line, and the unit that starts it so. An empty
// public-ip is filled in here once the host has been asked for its address.

import { type FlagValue, flagValue } from "../../flannel/flags";
import { type UnitParts, type UnitSections, renderSections } from "./unit-text";

/** All of a unit but the arguments of its daemon. */
export type DaemonParts = Omit<UnitParts, "arguments">;

export interface Daemon {
  /** All flags, the secret ones included. */
  readonly flags: readonly FlagValue[];
  /** What /proc/<pid>/cmdline of the right process holds. */
  readonly argv: readonly string[];
  readonly unit: UnitSections;
}

/** What is needed to compose the daemon again when the host's address is known. */
interface Recipe extends Daemon {
  readonly daemonParts: DaemonParts;
  /** Settings whose values must not be shown, wherever they turn up. */
  readonly secretNames: ReadonlySet<string>;
  /** The interface whose address is to be the `public-ip`; undefined: it is settled without. */
  readonly addressOf: string | undefined;
}

/** Composes the daemon; secret flags go to it by its environment. Throws on text no unit may hold. */
export function composeDaemon(
  parts: DaemonParts,
  flags: readonly FlagValue[],
  secretNames: ReadonlySet<string>,
): Daemon {
  const visible = flags.filter((flag) => !secretNames.has(flag.name));
  const flagArguments = visible.map((flag) => `-${flag.name}=${flag.value}`);
  return {
    flags,
    argv: [parts.binary, ...flagArguments],
    unit: renderSections({ ...parts, arguments: flagArguments }),
  };
}

/** True if `public-ip` is given without a value, for which the host's own address is to be taken. */
export function lacksAddress(flags: readonly FlagValue[]): boolean {
  return flagValue(flags, "public-ip") === "";
}

/** What is declared, with the host's address where it is to be; unchanged while it is not known. */
export function withAddress<D extends Recipe>(declared: D, address: string | undefined): D {
  if (declared.addressOf === undefined || address === undefined) return declared;
  const flags = declared.flags.map((flag) =>
    flag.name === "public-ip" ? { ...flag, value: address } : flag,
  );
  return { ...declared, ...composeDaemon(declared.daemonParts, flags, declared.secretNames) };
}
