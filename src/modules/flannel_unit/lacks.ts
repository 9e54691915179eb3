// What a start of the daemon would lack on this host: its program, files and interfaces of its flags.

import { basename, join, normalize } from "node:path";

import { tryParseAddress } from "../../flannel/address";
import { type FlagValue, filesOf, flagValue } from "../../flannel/flags";
import { hasAddress, listInterfaces } from "../../host/network";
import { tryIdentify } from "../../host/proc";
import { type Certificates } from "./certificates";

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
  /** Those that the play keeps on the host; undefined: nobody tells. */
  readonly certificates?: Pick<Certificates, "directory" | "names"> | undefined;
}

/** The files and interfaces that are not there. */
export function findLacks(needs: Needs): readonly Lack[] {
  const { binary, flags, brought, certificates } = needs;
  const isLacking = (path: string) => !brought.has(path) && tryIdentify(path) === undefined;
  const files = filesOf(flags).filter(({ value }) => isLacking(value));
  const isUnlisted = ({ value }: FlagValue) => isForgotten(value, certificates);
  const later = [
    ...(isLacking(binary)
      ? [`binary: ${binary}: does not exist, install it first (flannel_install)`]
      : []),
    ...files.filter((flag) => !isUnlisted(flag)).map(noFile),
  ];
  const advice = adviceFor(certificates?.names ?? []);
  const interfaces = findMissingInterfaces(flags).map(
    (name) => `settings: iface: ${name}: no such interface or address on this host`,
  );
  const forgotten = files.filter(isUnlisted).map((flag) => `${noFile(flag)}, and ${advice}`);
  return [
    ...later.map((message) => ({ message, isVital: true, isBroughtLater: true })),
    ...[...forgotten, ...interfaces].map((message) => ({
      message,
      isVital: true,
      isBroughtLater: false,
    })),
  ];
}

function noFile({ name, value }: FlagValue): string {
  return `settings: ${name}: ${value}: no such file on this host`;
}

/** In the directory of the certificates, and none of those that are brought there. */
function isForgotten(path: string, certificates: Needs["certificates"]): boolean {
  if (certificates === undefined || certificates.names.length === 0) return false;
  const isThere = join(certificates.directory, basename(path)) === normalize(path);
  return isThere && !certificates.names.includes(basename(path));
}

/** Of another role, the list has the same name and another meaning; and its CA makes no certificate for flannel unasked. */
function adviceFor(names: readonly string[]): string {
  return (
    `etcd_certificates does not bring it (${names.join(", ")}). With githubixx.kubernetes_ca >= 9.0.0 set ` +
    "etcd_additional_clients: [k8s-apiserver-etcd, flannel], etcd_certificates: [ca-etcd.pem, cert-flannel.pem, " +
    "cert-flannel-key.pem] for this role's play alone, and in flannel_settings_user etcd-certfile and etcd-keyfile to " +
    "those of the two in k8s_conf_dir"
  );
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
