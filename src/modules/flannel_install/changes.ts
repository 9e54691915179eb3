// What this module can do to a host, step by step, each with its sentence and its before and after.

import { type Change as BaseChange, type Diff } from "../../ansible/module";
import { MK_DOCKER_OPTS, PROGRAM, type ReleaseFile } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { type FileAttributes } from "../../host/atomic-file";
import { formatMode } from "../../host/file-mode";
import { type CachePaths } from "./cache";
import { type InstallPaths } from "./declare";
import { digestOfBinary } from "./expected-digest";
import { type InstalledFile } from "./inspect";
import { type InstalledFiles, type Observed } from "./observe";
import { type Source } from "./source";
import { type Keeping, type WayBack } from "./way-back";

export interface DirectoryCreation extends BaseChange {
  readonly kind: "create-directory";
  /** The outermost first. */
  readonly directories: readonly string[];
}

export interface Installation extends BaseChange, InstallationParts {
  readonly kind: "install";
}

export interface InstallationParts {
  readonly files: readonly ReleaseFile[];
  readonly source: Source;
  readonly attributes: FileAttributes;
  /** Where the replaced binary stays, if it is worth it. */
  readonly replaced: Keeping | undefined;
  /** The kept binary to install, instead of anything from `source`. */
  readonly wayBack: WayBack | undefined;
}

export interface Removal extends BaseChange {
  readonly kind: "remove";
  readonly path: string;
  /** Of the file that was meant; undefined: of any. */
  readonly inode: number | undefined;
}

export interface AttributesSetting extends BaseChange {
  readonly kind: "set-attributes";
  readonly path: string;
  readonly state: InstalledFile;
  readonly attributes: FileAttributes;
  /** Gets a copy, because what is done to the file is done to its other names. */
  readonly isCopied: boolean;
}

/** `state: downloaded`. */
export interface AssetDownload extends BaseChange {
  readonly kind: "download";
  readonly paths: CachePaths;
  readonly source: Source;
}

export type Change = AssetDownload | AttributesSetting | DirectoryCreation | Installation | Removal;

/** SHA-256 of files that have been obtained. */
export type Digests = Readonly<Partial<Record<ReleaseFile, string>>>;

const NOT_DECLARED = "(known after the download)";

/** Creates directories with mode 0755; the last is the one that is needed. */
export function directoryCreation(directories: readonly string[]): DirectoryCreation {
  const directory = directories.at(-1) ?? "";
  return {
    kind: "create-directory",
    directories,
    summary: `create the directory ${directory}`,
    diff: {
      before_header: directory,
      after_header: directory,
      before: "",
      after: directories.map((path) => `${path}: directory, mode 0755\n`).join(""),
    },
  };
}

/** Puts files of a release in place. */
export function installation(
  paths: InstallPaths,
  observed: Observed,
  { files, source, attributes, replaced, wayBack }: InstallationParts,
): Installation {
  const targets = files.map((file) => pathOf(paths, file)).join(" and ");
  const keeping = replaced === undefined ? "" : `, keeping ${replaced.version}`;
  const before = files.map((file) => describeInstalled(file, observed.installed));
  const after = files.map((file) => describeWanted(file, source, attributes, observed));
  const from = wayBack === undefined ? "" : ` from ${wayBack.path}`;
  return {
    ...{ kind: "install", files, source, attributes, replaced, wayBack },
    summary: `install ${tagOf(source.version)} as ${targets}${from}${keeping}`,
    diff: {
      before_header: targets,
      after_header: targets,
      before: before.join(""),
      after: after.join(""),
    },
  };
}

/** Puts a file of a release into the cache. */
export function assetDownload(
  paths: CachePaths,
  source: Source,
  { cached, digest }: Pick<Observed, "cached" | "digest">,
): AssetDownload {
  const sha256 = digest.kind === "known" ? digest.sha256 : NOT_DECLARED;
  const instead = cached?.fault === undefined ? "" : ` (of the file there: ${cached.fault})`;
  return {
    ...{ kind: "download", paths, source },
    summary: `download ${tagOf(source.version)} as ${paths.asset}${instead}`,
    diff: {
      before_header: paths.asset,
      after_header: paths.asset,
      before: cached === undefined ? "" : describe(PROGRAM, { sha256: cached.sha256 }),
      after: describe(PROGRAM, { sha256 }),
    },
  };
}

/** The same download with the digest that was not known when it was planned. */
export function withDigest(change: AssetDownload, sha256: string): AssetDownload {
  const { diff } = change;
  return diff === undefined
    ? change
    : { ...change, diff: { ...diff, after: describe(PROGRAM, { sha256 }) } };
}

/** Where a file of the release is installed. */
export function pathOf(paths: InstallPaths, file: ReleaseFile): string {
  return file === PROGRAM ? paths.binary : paths.script;
}

/** The same installation with the digests that were not known when it was planned. */
export function withDigests(change: Installation, digests: Digests): Installation {
  const { diff } = change;
  if (diff === undefined) return change;
  const after = change.files.reduce((text, file) => {
    const [open, known] = [NOT_DECLARED, digests[file] ?? NOT_DECLARED].map((sha256) =>
      describe(file, { sha256 }),
    );
    return text.replace(open ?? "", known ?? "");
  }, diff.after);
  return { ...change, diff: { ...diff, after } };
}

/** Removes a file. */
export function removal(path: string, reason: string, inode?: number): Removal {
  return {
    kind: "remove",
    path,
    inode,
    summary: `remove ${path} (${reason})`,
    diff: { before_header: path, after_header: path, before: `${path}\n`, after: "" },
  };
}

/** Gives a file that stays the declared mode and owner. */
export function attributesSetting(
  path: string,
  state: InstalledFile,
  attributes: FileAttributes,
): AttributesSetting {
  const diff: Diff = {
    before_header: path,
    after_header: path,
    before: describe(PROGRAM, factsOf(state)),
    after: describe(PROGRAM, factsOf(attributes)),
  };
  const isCopied = state.isLink || state.names > 1;
  const copy = state.isLink ? "a link" : "a file of several names";
  return {
    ...{ kind: "set-attributes", path, state, attributes, isCopied, diff },
    summary: `set mode and owner of ${path}${isCopied ? `, of a copy because it is ${copy}` : ""}`,
  };
}

function describeInstalled(file: ReleaseFile, { binary, script }: InstalledFiles): string {
  if (file === MK_DOCKER_OPTS) {
    return script === undefined
      ? ""
      : describe(file, { sha256: script.sha256, ...factsOf(script) });
  }
  if (binary === undefined) return "";
  return describe(file, {
    version: binary.version === undefined ? "unknown" : tagOf(binary.version),
    arch: binary.arch ?? "unknown",
    sha256: binary.sha256,
    ...factsOf(binary),
  });
}

function describeWanted(
  file: ReleaseFile,
  source: Source,
  attributes: FileAttributes,
  { digest, wayBack }: Observed,
): string {
  const owned = factsOf(attributes);
  if (file === MK_DOCKER_OPTS) return describe(file, { sha256: NOT_DECLARED, ...owned });
  return describe(file, {
    version: tagOf(source.version),
    arch: source.arch,
    sha256: wayBack?.sha256 ?? digestOfBinary(source, digest) ?? NOT_DECLARED,
    ...owned,
  });
}

function factsOf({ mode, uid, gid }: FileAttributes): Readonly<Record<string, string>> {
  const known = (id: number | undefined): string => (id === undefined ? "unknown" : String(id));
  return { mode: formatMode(mode), uid: known(uid), gid: known(gid) };
}

/** One fact a line; those of the daemon bear no name in front. */
function describe(file: ReleaseFile, facts: Readonly<Record<string, string>>): string {
  const prefix = file === PROGRAM ? "" : `${file} `;
  return Object.entries(facts)
    .map(([name, value]) => `${prefix}${name}: ${value}\n`)
    .join("");
}
