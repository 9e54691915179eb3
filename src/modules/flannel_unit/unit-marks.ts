// What the unit gives its process to carry along, so that it can be seen later what it was started from: the
// fingerprint of its directives, the network configuration as a mark, and the fingerprints of its certificates.

import { hash64 } from "../../base/hash";
import { type NetworkMark, readMark } from "../../flannel/overlay-network";
import { escapeSpecifiers, quoteAssignment } from "../../host/systemd-quote";
import { CERTIFICATES_VARIABLE } from "./certificate-mark";

export type Directive = readonly [name: string, value: string];

/** Environment variable of the daemon that holds the fingerprint of its unit. */
export const DIGEST_VARIABLE = "ANSIBLE_FLANNEL_UNIT";

/** Environment variable of the daemon that holds what everybody may read of the mark. */
const NETWORK_VARIABLE = "ANSIBLE_FLANNEL_NETWORK";

/** The rest of the mark: it comes from the environment file, which only root can read. */
export const HIDDEN_VARIABLE = "ANSIBLE_FLANNEL_NETWORK_HIDDEN";

/** Lines about the process are no part of what it does, so not of its fingerprint either. */
const DIGEST_LINE = new RegExp(`^Environment="?${DIGEST_VARIABLE}=`);
const MARK_LINE = new RegExp(`^Environment="?(?:${NETWORK_VARIABLE}|${CERTIFICATES_VARIABLE})=`);

/** Directives that systemd applies without the process being started again. */
const WITHOUT_RESTART = new Set([
  "Restart",
  "RestartSec",
  "RuntimeDirectoryPreserve",
  "TimeoutSec",
  "TimeoutStartSec",
  "TimeoutStopSec",
]);

/** What a process is to carry beside the fingerprint of its unit. */
export interface Marks {
  readonly network: NetworkMark | undefined;
  /** "" where the daemon has none, or nobody looks. */
  readonly certificates: string;
}

/** The last directives of the Service section; `environmentPath` is the file with the hidden words. */
export function renderMarks(
  digest: string,
  { network, certificates }: Marks,
  environmentPath: string,
): readonly Directive[] {
  const set = (name: string, value: string): Directive => [
    "Environment",
    quoteAssignment(name, value),
  ];
  return [
    set(DIGEST_VARIABLE, digest),
    ...(certificates === "" ? [] : [set(CERTIFICATES_VARIABLE, certificates)]),
    ...(network === undefined ? [] : [set(NETWORK_VARIABLE, network.open)]),
    ...(network === undefined || network.hidden === ""
      ? []
      : ([["EnvironmentFile", optional(environmentPath)]] as const)),
  ];
}

/** The mark in the texts of unit and environment file; undefined when they have none. */
export function findMark(unitText = "", environmentText = ""): NetworkMark | undefined {
  const open = valueOf(NETWORK_VARIABLE, "Environment=", unitText);
  if (open === undefined) return undefined;
  return readMark(open, valueOf(HIDDEN_VARIABLE, "", environmentText) ?? "");
}

/** The mark that a process carries; undefined when it has none. */
export function markOfProcess(variables: ReadonlyMap<string, string>): NetworkMark | undefined {
  const open = variables.get(NETWORK_VARIABLE);
  return open === undefined ? undefined : readMark(open, variables.get(HIDDEN_VARIABLE) ?? "");
}

/** A unit file's text without what only its process carries along. */
export function withoutMarks(text: string, environmentPath: string): string {
  return text
    .split("\n")
    .filter((line) => !isMark(line, environmentPath))
    .join("\n");
}

/** The fingerprint of a unit file's text, whoever wrote it: equal texts run equal processes. */
export function fingerprintOf(text: string, environmentPath: string): string {
  const service = /^\[Service\]\n([^]*?)(?=^\[|(?![^]))/m.exec(text)?.[1] ?? "";
  const directives = service.split(/(?<!\\)\n/).filter((line) => {
    const name = line.slice(0, line.indexOf("="));
    if (!line.includes("=") || WITHOUT_RESTART.has(name)) return false;
    return !DIGEST_LINE.test(line) && !isMark(line, environmentPath);
  });
  return hash64(directives.join("\n"));
}

function isMark(line: string, environmentPath: string): boolean {
  return MARK_LINE.test(line) || line === `EnvironmentFile=${optional(environmentPath)}`;
}

/** The daemon does without the marks, so a missing file must not keep it from starting. */
function optional(path: string): string {
  return `-${escapeSpecifiers(path)}`;
}

function valueOf(variable: string, before: string, text: string): string | undefined {
  return new RegExp(`^${before}"?${variable}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
}
