// What has to be done, decided from what is asked for and what is there.

import { basename } from "node:path";

import { ModuleError } from "../../base/errors";
import { type Change, type Plan } from "../../ansible/module";
import {
  DAEMON,
  MK_DOCKER_OPTS,
  OFFICIAL_URL,
  type ReleaseFile,
  whyNotReleased,
} from "../../flannel/release-assets";
import { satisfies, tagOf } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import { type PreviousVersion, previousPath } from "../../host/previous-versions";
import { attributesDiff, describeFiles } from "./diff";
import { type InstalledFile } from "./inspect";
import { type HostState, type Observation } from "./observe";
import { type InstallRequest } from "./request";

export type InstallChange = Change &
  (
    | { readonly kind: "create-directory"; readonly directories: readonly string[] }
    | {
        readonly kind: "install";
        readonly files: readonly ReleaseFile[];
        /** Where the replaced binary stays, if it is worth it. */
        readonly keepAs: string | undefined;
      }
    | { readonly kind: "remove"; readonly path: string }
    | { readonly kind: "set-attributes"; readonly path: string }
  );

export interface InstallPlan extends Plan<InstallChange> {
  /** The kept versions once the plan is carried out, the one replaced last first. */
  readonly kept: readonly PreviousVersion[];
}

/** Pure. Throws `unsupported` when the release cannot be had for this CPU. */
export function planInstall(options: FlannelInstallOptions, observation: Observation): InstallPlan {
  const { request, host } = observation;
  if (request === undefined) return planAbsent(host);
  const files = filesToInstall(request, observation);
  const replaced = files.includes(DAEMON) ? replacedVersion(request, host) : undefined;
  const kept = keptAfter(request, host, replaced);
  const installs = files.length > 0;
  const surplus = host.kept.filter(({ path }) => !kept.some((other) => other.path === path));
  if (installs) checkReleased(options, request);
  return {
    kept,
    changes: [
      ...host.leftovers.map((path) => removal(path, "left by a run that was killed")),
      ...(installs && host.missing.length > 0 ? [directoryCreation(host)] : []),
      ...(installs ? [installation(files, replaced, request, observation)] : []),
      ...planAttributes(files, request, observation),
      ...surplus.map(({ path, version }) => removal(path, `${version} is no longer kept`)),
    ],
    warnings: installs && request.checksum === undefined ? [UNVERIFIED] : [],
  };
}

const UNVERIFIED =
  "flanneld is installed unverified, because no checksum is declared; " +
  "declare checksum to be sure that it is the file you mean";

/** The installed version if it is another one that works and so is worth keeping. */
function replacedVersion(request: InstallRequest, host: HostState): PreviousVersion | undefined {
  const { binary, paths } = host;
  if (binary?.version === undefined || binary.isLink || request.keep === 0) return undefined;
  const version = tagOf(binary.version);
  if (version === tagOf(request.version)) return undefined;
  return { version, path: previousPath(paths.binary, version) };
}

function keptAfter(
  request: InstallRequest,
  host: HostState,
  replaced: PreviousVersion | undefined,
): readonly PreviousVersion[] {
  const obsolete = [tagOf(request.version), replaced?.version];
  const older = host.kept.filter(({ version }) => !obsolete.includes(version));
  return [...(replaced === undefined ? [] : [replaced]), ...older].slice(0, request.keep);
}

function filesToInstall(request: InstallRequest, observation: Observation): ReleaseFile[] {
  const files: ReleaseFile[] = isBinaryRight(request, observation) ? [] : [DAEMON];
  if (request.withScript && (files.length > 0 || !isScriptRight(request, observation.host))) {
    files.push(MK_DOCKER_OPTS);
  }
  return files;
}

function isBinaryRight(request: InstallRequest, observation: Observation): boolean {
  const { binary } = observation.host;
  if (binary?.version === undefined || !satisfies(binary.version, request.version)) return false;
  return binary.arch === request.arch && isFromAsset(observation) !== false;
}

/**
 * Whether the installed binary is the declared file or came out of the declared archive; undefined
 * when nothing is declared.
 */
export function isFromAsset({ host, assetSha256 }: Observation): boolean | undefined {
  if (assetSha256 === undefined) return undefined;
  const origin = host.origins[DAEMON];
  const unpacked = origin?.archive_sha256 === assetSha256 ? origin.sha256 : undefined;
  return [assetSha256, unpacked].includes(host.binary?.sha256);
}

/** The script tells no version, so only one whose origin is known can be the right one. */
function isScriptRight(request: InstallRequest, host: HostState): boolean {
  const origin = host.origins[MK_DOCKER_OPTS];
  return (
    origin?.version === tagOf(request.version) &&
    host.script !== undefined &&
    host.script.sha256 === origin.sha256
  );
}

function checkReleased(options: FlannelInstallOptions, request: InstallRequest): void {
  const onlyOfficial = options.url.every((url) => url === OFFICIAL_URL);
  const reason = whyNotReleased(request.version, request.arch);
  if (request.src !== undefined || !onlyOfficial || reason === undefined) return;
  throw new ModuleError("unsupported", `${reason}; choose another version, or give url or src`);
}

function installation(
  files: readonly ReleaseFile[],
  replaced: PreviousVersion | undefined,
  request: InstallRequest,
  observation: Observation,
): InstallChange {
  const { binary, script } = observation.host.paths;
  const targets = files.map((file) => (file === DAEMON ? binary : script)).join(" and ");
  const keeping = replaced === undefined ? "" : `, keeping ${replaced.version}`;
  return {
    kind: "install",
    files,
    keepAs: replaced?.path,
    summary: `install ${tagOf(request.version)} as ${targets}${keeping}`,
    diff: {
      before_header: targets,
      after_header: targets,
      ...describeFiles(files, request, observation),
    },
  };
}

function directoryCreation({ missing, paths: { directory } }: HostState): InstallChange {
  return {
    kind: "create-directory",
    directories: missing,
    summary: `create the directory ${directory}`,
    diff: {
      before_header: directory,
      after_header: directory,
      before: "",
      after: missing.map((path) => `${path}: directory, mode 0755\n`).join(""),
    },
  };
}

function removal(path: string, reason: string): InstallChange {
  return {
    kind: "remove",
    path,
    summary: `remove ${path} (${reason})`,
    diff: { before_header: path, after_header: path, before: `${path}\n`, after: "" },
  };
}

/** Files that stay get the declared mode and owner too. */
function planAttributes(
  replaced: readonly ReleaseFile[],
  request: InstallRequest,
  observation: Observation,
): InstallChange[] {
  const { paths, binary, script } = observation.host;
  const staying = [
    { file: DAEMON, path: paths.binary, state: binary },
    { file: MK_DOCKER_OPTS, path: paths.script, state: request.withScript ? script : undefined },
  ] as const;
  return staying.flatMap(({ file, path, state }) => {
    if (state === undefined || replaced.includes(file)) return [];
    if (hasAttributes(state, request, observation)) return [];
    const summary = `set mode and owner of ${path}`;
    return [
      { kind: "set-attributes", path, summary, diff: attributesDiff(path, state, observation) },
    ];
  });
}

function hasAttributes(
  state: InstalledFile,
  request: InstallRequest,
  { uid, gid }: Observation,
): boolean {
  return state.mode === request.mode && state.uid === uid && state.gid === gid;
}

/** The record goes last: until then it tells the next run what is this module's own. */
function planAbsent({ paths, names, kept, leftovers, origins }: HostState): InstallPlan {
  const exists = (path: string): boolean => names.includes(basename(path));
  const ours = origins[MK_DOCKER_OPTS] === undefined ? [] : [paths.script];
  const files = [paths.binary, ...ours, paths.origin].filter(exists);
  const obsolete = [...leftovers, ...kept.map(({ path }) => path), ...files];
  return { kept: [], changes: obsolete.map((path) => removal(path, "state is absent")) };
}
