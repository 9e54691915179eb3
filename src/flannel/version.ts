// flannel's version numbers, as its release tags and distributions write them.

import { ModuleError } from "../base/errors";
import { shorten } from "../base/text";

export interface FlannelVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** "rc1" of v0.10.0-rc1; sorts before the release. */
  readonly prerelease: string | undefined;
  /**
   * "ck1" of a distribution's v0.22.3+ck1, "k3s1.23" of v0.21.3-k3s1.23, "flannel2" of the CNI plugin's
   * v1.8.0-flannel2; does not take part in comparison.
   */
  readonly build: string | undefined;
  /** What stands before `build` in the tag, where that is no "+". */
  readonly joint?: "-";
}

const PATTERN = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

/** Parses "v0.10.0", "0.10.0" or "v0.22.3+ck1"; undefined for anything else. */
export function tryParseVersion(text: string): FlannelVersion | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease, build] = match;
  const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch) };
  // flannel tagged v0.20.1-k3s1.23 to v0.21.3-k3s1.23 after the releases of these numbers; the CNI plugin has those
  // of the plugins that it goes with, and counts its own releases behind them.
  const isRebuild = build === undefined && /^(k3s|flannel\d)/.test(prerelease ?? "");
  return isRebuild
    ? { ...numbers, prerelease: undefined, build: prerelease, joint: "-" }
    : { ...numbers, prerelease, build };
}

/** What a program printed, and how it ended. */
export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The version in the answer to `--version`: the first line that is one, on whichever output. */
export function findVersion({ exitCode, stdout, stderr }: Answer): FlannelVersion | undefined {
  if (exitCode !== 0) return undefined;
  const lines = `${stderr}\n${stdout}`.split("\n");
  return lines.map(tryParseVersion).find((version) => version !== undefined);
}

/** As `tryParseVersion`; throws `invalid_arguments` that names the option. */
export function parseVersion(text: string, option = "version"): FlannelVersion {
  const version = tryParseVersion(text);
  if (version !== undefined) return version;
  throw new ModuleError(
    "invalid_arguments",
    `${option}: "${shorten(text, 60)}" is not a flannel version, expected a release tag such as v0.28.9`,
  );
}

/** The release tag: "v0.10.0". */
export function tagOf(version: FlannelVersion): string {
  const prerelease = version.prerelease === undefined ? "" : `-${version.prerelease}`;
  const build = version.build === undefined ? "" : `${version.joint ?? "+"}${version.build}`;
  return `v${version.major}.${version.minor}.${version.patch}${prerelease}${build}`;
}

/** Negative, zero or positive, as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: FlannelVersion, b: FlannelVersion): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

/** True if `version` is `minimum` ("0.18.0") or newer. */
export function isAtLeast(version: FlannelVersion, minimum: string): boolean {
  return compareVersions(version, parseVersion(minimum)) >= 0;
}

/**
 * True if `installed` is what `wanted` asks for: the same release. A distribution's suffix
 * (v0.22.3+ck1) does not matter unless the wanted version has one too.
 */
export function satisfies(installed: FlannelVersion, wanted: FlannelVersion): boolean {
  const sameBuild = wanted.build === undefined || wanted.build === installed.build;
  return sameBuild && compareVersions(installed, wanted) === 0;
}

function comparePrereleases(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a.localeCompare(b, "en", { numeric: true });
}
