// What a start of the daemon would lack on this host: its program, files and interfaces of its flags.

import { tryParseAddress } from "../../flannel/address";
import { type FlagValue, FLAGS, flagValue, isFlagOn } from "../../flannel/flags";
import { hasAddress, listInterfaces } from "../../host/network";
import { tryIdentify } from "../../host/proc";

/** Flags of a daemon without kube-subnet-mgr never read these, and the other way round. */
const KUBE_FILES = new Set(["kubeconfig-file", "net-config-path"]);

/** One sentence for each thing that is not there; another task may be about to bring it. */
export function findLacks({
  binary,
  flags,
}: {
  readonly binary: string;
  readonly flags: readonly FlagValue[];
}): readonly string[] {
  return [
    ...(tryIdentify(binary) === undefined
      ? [`binary: ${binary}: does not exist, install it first (flannel_install)`]
      : []),
    ...findMissingFiles(flags).map((file) => `settings: ${file}: no such file on this host`),
    ...findMissingInterfaces(flags).map(
      (name) => `settings: iface: ${name}: no such interface or address on this host`,
    ),
  ];
}

function findMissingFiles(flags: readonly FlagValue[]): readonly string[] {
  const isKube = isFlagOn(flags, "kube-subnet-mgr");
  const files = flags.filter(
    ({ name, value }) =>
      value !== "" && FLAGS[name]?.kind === "file" && KUBE_FILES.has(name) === isKube,
  );
  const missing = files.filter(({ value }) => tryIdentify(value) === undefined);
  return missing.map(({ name, value }) => `${name}: ${value}`);
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
