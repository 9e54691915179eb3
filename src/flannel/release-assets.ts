// What flannel releases: the daemon, and in releases of its own the CNI plugin that container runtimes run for every
// pod; which file for which CPU, and where it is published. Source: the build scripts and published files of the
// tags v0.7.0 to v0.28.10 of flannel, and v1.0.0 to v1.9.1-flannel1 of cni-plugin.

import { ModuleError } from "../base/errors";
import { userinfoIn } from "../base/userinfo";
import { type Arch } from "./arch";
import {
  type Answer,
  type FlannelVersion,
  compareVersions,
  findVersion,
  isAtLeast,
  parseVersion,
  tagOf,
  tryParseVersion,
} from "./version";

/** What of a release can be installed; the script is only in the archive of the daemon. */
export const PROGRAM = "program";
export const MK_DOCKER_OPTS = "mk-docker-opts.sh";
export type ReleaseFile = typeof MK_DOCKER_OPTS | typeof PROGRAM;

/** `binary`: the bare program; `archive`: a tar.gz with it. */
export type AssetKind = "archive" | "binary";

/** A program that flannel releases. */
export interface ReleasedProgram {
  /** As messages call it. */
  readonly title: string;
  /** The name of its file, where it is installed. */
  readonly file: string;
  /** Of its repository at GitHub. */
  readonly repository: string;
  /** The name of a release file. */
  readonly assetName: (kind: AssetKind, version: FlannelVersion, arch: Arch) => string;
  /** Its name in the archive. */
  readonly memberName: (arch: Arch) => string;
  /** First and last release that has a CPU; one that is not there, all have. */
  readonly spans: Readonly<Partial<Record<Arch, ReleaseSpan>>>;
  /** How it is asked for its version. */
  readonly question: readonly string[];
  /** The version in the answer, where `wanted` is looked for; undefined when it is none of this program's. */
  readonly findVersion: (answer: Answer, wanted: FlannelVersion) => ToldVersion | undefined;
  /** The text of its version is in every program of a release. */
  readonly holdsVersion: boolean;
  /** Others have programs of this name in the same directory. */
  readonly isShared: boolean;
}

interface ReleaseSpan {
  readonly since?: string;
  readonly until?: string;
}

/** What a program tells of itself: it may say what it is, and not of which release. */
export type ToldVersion = FlannelVersion | "unnumbered";

export const FLANNELD: ReleasedProgram = {
  title: "flanneld",
  file: "flanneld",
  repository: "flannel-io/flannel",
  assetName: (kind, version, arch) =>
    kind === "binary" ? `flanneld-${arch}` : `flannel-${tagOf(version)}-linux-${arch}.tar.gz`,
  memberName: () => "flanneld",
  spans: {
    arm: { since: "0.7.1" },
    arm64: { since: "0.7.1" },
    mips64le: { since: "0.16.2", until: "0.24.0" },
    ppc64le: { since: "0.7.1" },
    riscv64: { since: "0.24.0" },
    s390x: { since: "0.8.0" },
  },
  question: ["--version"],
  findVersion,
  holdsVersion: true,
  isShared: false,
};

export const CNI_PLUGIN: ReleasedProgram = {
  title: "flannel's CNI plugin",
  file: "flannel",
  repository: "flannel-io/cni-plugin",
  assetName: (kind, version, arch) =>
    kind === "binary"
      ? `flannel-${arch}`
      : `cni-plugin-flannel-linux-${arch}-${archiveTagOf(version)}.tgz`,
  memberName: (arch) => `flannel-${arch}`,
  spans: { mips64le: { until: "1.2.0" }, riscv64: { since: "1.2.0" } },
  question: [], // without a command of the runtime's it tells who it is
  findVersion: findPluginVersion,
  holdsVersion: false,
  isShared: true,
};

/** The programs by the names that the option `program` has for them. */
export const PROGRAMS = { flanneld: FLANNELD, "cni-plugin": CNI_PLUGIN } as const;

/** From v1.8.0-flannel2 on the archive is named without the suffix of the release. */
function archiveTagOf(version: FlannelVersion): string {
  const isShort = isAtLeast(version, "1.9.0") || tagOf(version) === "v1.8.0-flannel2";
  return tagOf(isShort ? { ...version, build: undefined } : version);
}

/**
 * Without a command a plugin says what it is, and then which versions of CNI it speaks. From v1.8.0-flannel2 on it
 * leaves the suffix of its release out, and is then taken for the one that is looked for.
 */
function findPluginVersion(
  { exitCode, stdout, stderr }: Answer,
  wanted: FlannelVersion,
): ToldVersion | undefined {
  const line = `${stderr}\n${stdout}`.split("\n").find((text) => /flannel/i.test(text));
  if (exitCode !== 0 || line === undefined) return undefined;
  const words = line.split(/\s+/).filter((word) => /^v?\d+\.\d+\.\d+(-flannel\d+)?$/.test(word));
  const [told] = words.map(tryParseVersion);
  if (told === undefined) return "unnumbered";
  const isShort = told.build === undefined && compareVersions(told, wanted) === 0;
  return isShort ? wanted : told;
}

/** Where a program's releases are published. */
export function officialUrlOf({ repository }: ReleasedProgram): string {
  return `https://github.com/${repository}/releases/download/{version}/{asset}`;
}

/** The page of a release in GitHub's API. */
export function officialPageOf({ repository }: ReleasedProgram): string {
  return `https://api.github.com/repos/${repository}/releases/tags/{version}`;
}

/** What the placeholders of a URL template stand for. */
export interface AssetChoice {
  readonly program: ReleasedProgram;
  readonly version: FlannelVersion;
  readonly arch: Arch;
  readonly kind: AssetKind;
}

/**
 * Fills `{version}` (the tag), `{arch}` and `{asset}` of a URL template. Throws
 * `invalid_arguments` for a placeholder that does not exist: it would only be a puzzling 404.
 */
export function expandTemplate(template: string, choice: AssetChoice): string {
  const { program, version, arch, kind } = choice;
  const values: Readonly<Record<string, string>> = {
    version: tagOf(version),
    arch,
    asset: program.assetName(kind, version, arch),
  };
  return template.replace(/\{(\w*)\}/g, (placeholder, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    const isSecret = userinfoIn(template).some((secret) => secret.includes(placeholder));
    const shown = isSecret ? "{...} in a user or password" : placeholder;
    throw new ModuleError(
      "invalid_arguments",
      `${shown}: unknown placeholder in a URL, known are {version}, {arch} and {asset}`,
    );
  });
}

/** Why the official release cannot serve this CPU, or undefined when it can. */
export function whyNotReleased(
  { title, spans }: ReleasedProgram,
  version: FlannelVersion,
  arch: Arch,
): string | undefined {
  const { since, until } = spans[arch] ?? {};
  const tooOld = since !== undefined && !isAtLeast(version, since);
  const tooNew = until !== undefined && compareVersions(version, parseVersion(until)) > 0;
  if (!tooOld && !tooNew) return undefined;
  const span = [since && `from v${since}`, until && `to v${until}`].filter(Boolean).join(" ");
  return `${title} ${tagOf(version)} was not released for ${arch} (that CPU: ${span})`;
}
