// The states before and after, as `--diff` shows them.

import { type Diff } from "../../ansible/module";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { formatMode } from "../../host/file-mode";
import { type InstalledFile } from "./inspect";
import { type HostState, type Observation } from "./observe";
import { type InstallRequest } from "./request";

const NOT_DECLARED = "(known after the download)";

/** Version, CPU, digest and attributes of the files to be installed, before and after. */
export function describeFiles(
  files: readonly ReleaseFile[],
  request: InstallRequest,
  observation: Observation,
): { before: string; after: string } {
  const before = files.map((file) => describeInstalled(file, observation.host));
  const after = files.map((file) => describeWanted(file, request, observation));
  return { before: before.join(""), after: after.join("") };
}

function describeInstalled(file: ReleaseFile, { binary, script }: HostState): string {
  if (file === MK_DOCKER_OPTS) {
    return script === undefined ? "" : describe(file, { sha256: script.sha256, ...owned(script) });
  }
  if (binary === undefined) return "";
  return describe(file, {
    version: binary.version === undefined ? "unknown" : tagOf(binary.version),
    arch: binary.arch ?? "unknown",
    sha256: binary.sha256,
    ...owned(binary),
  });
}

function describeWanted(
  file: ReleaseFile,
  request: InstallRequest,
  observation: Observation,
): string {
  const { uid, gid } = observation;
  const attributes = owned({ mode: request.mode, uid, gid });
  if (file === MK_DOCKER_OPTS) return describe(file, { sha256: NOT_DECLARED, ...attributes });
  return describe(file, {
    version: tagOf(request.version),
    arch: request.arch,
    sha256: expectedSha256(request, observation) ?? NOT_DECLARED,
    ...attributes,
  });
}

/** Fills in the digests that were not known when the diff was planned. */
export function completeDiff(
  diff: Diff,
  digests: Readonly<Partial<Record<ReleaseFile, string>>>,
): Diff {
  const after = ([DAEMON, MK_DOCKER_OPTS] as const).reduce((text, file) => {
    const [open, known] = [NOT_DECLARED, digests[file] ?? NOT_DECLARED].map((sha256) =>
      describe(file, { sha256 }),
    );
    return text.replace(open ?? "", known ?? "");
  }, diff.after);
  return { ...diff, after };
}

/** The digest the binary will have, if that is known before it is there. */
export function expectedSha256(
  { assetNames: [name = ""], withScript }: InstallRequest,
  { assetSha256 }: Observation,
): string | undefined {
  // The digest of an archive says nothing of the files in it.
  return withScript || /\.(tar\.gz|tgz)$/.test(name) ? undefined : assetSha256;
}

/** Mode and owner of a file that stays. */
export function attributesDiff(
  path: string,
  state: InstalledFile,
  { request, uid, gid }: Observation,
): Diff {
  const after = owned({ mode: request?.mode ?? state.mode, uid, gid });
  return {
    before_header: path,
    after_header: path,
    before: describe(undefined, owned(state)),
    after: describe(undefined, after),
  };
}

interface Attributes {
  readonly mode: number;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

function owned({ mode, uid, gid }: Attributes): Readonly<Record<string, string>> {
  const known = (id: number | undefined): string => (id === undefined ? "unknown" : String(id));
  return { mode: formatMode(mode), uid: known(uid), gid: known(gid) };
}

function describe(file: ReleaseFile | undefined, facts: Readonly<Record<string, string>>): string {
  const prefix = file === undefined || file === DAEMON ? "" : `${file} `;
  return Object.entries(facts)
    .map(([name, value]) => `${prefix}${name}: ${value}\n`)
    .join("");
}
