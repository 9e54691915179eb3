// Where the file to install from comes from, and what is said of it: as it is declared for every
// CPU, and as it is for one.

import { basename } from "node:path";

import { ModuleError } from "../../base/errors";
import { decodePercent, tryParseUrl } from "../../base/userinfo";
import { type Arch } from "../../flannel/arch";
import {
  type AssetChoice,
  type AssetKind,
  type ReleasedProgram,
  expandTemplate,
} from "../../flannel/release-assets";
import { type FlannelVersion } from "../../flannel/version";
import { type DeclaredChecksum } from "../../host/checksum";
import { type HostHeaders, isHostOf, parseUrl } from "../../host/download/address";
import { type DownloadSettings } from "../../host/download/download";

/** What is declared; URLs still have their placeholders. */
export interface DeclaredSource {
  readonly program: ReleasedProgram;
  readonly version: FlannelVersion;
  /** mk-docker-opts.sh is wanted too, which is in the archive only. */
  readonly withScript: boolean;
  /** A file of the host to take instead of a download. */
  readonly src: string | undefined;
  readonly urls: readonly string[];
  /** The page of the release in GitHub's API. */
  readonly page: string;
  readonly checksum: ChecksumPolicy;
  readonly headers: DeclaredHeaders;
  readonly transfer: Omit<DownloadSettings, "headers">;
}

/** How sure the file must be. */
export interface ChecksumPolicy {
  /** For which it is declared one by one; empty where one counts for all. */
  readonly architectures: readonly Arch[];
  /** What is declared for a CPU. Throws `invalid_arguments` when that is not said. */
  readonly declaredFor: (arch: Arch) => DeclaredChecksum | undefined;
  /** It is said that nothing shall be checked. */
  readonly isWaived: boolean;
  /** Without one, nothing is installed. */
  readonly isRequired: boolean;
  /** SHA-256 of release files by name, for what is not declared. */
  readonly known: Readonly<Record<string, string>>;
}

export interface DeclaredHeaders {
  /** For the only host there is. */
  readonly plain: Readonly<Record<string, string>>;
  readonly perHost: readonly HostHeaders[];
}

/** The file for one CPU. */
export interface Source {
  readonly program: ReleasedProgram;
  readonly version: FlannelVersion;
  readonly arch: Arch;
  readonly withScript: boolean;
  /** The name under which flannel publishes the file. */
  readonly asset: string;
  readonly src: string | undefined;
  readonly urls: readonly URL[];
  /** Declared, or known of the release. */
  readonly checksum: DeclaredChecksum | undefined;
  /** It is not declared, and of an archive: it says nothing of a binary that came in another way. */
  readonly isLenient: boolean;
  readonly policy: ChecksumPolicy;
  /** Under which names a list of checksums may have the file. */
  readonly assetNames: readonly string[];
  readonly download: DownloadSettings;
}

/** Fills the placeholders for a CPU. Throws `invalid_arguments`. */
export function sourceFor(declared: DeclaredSource, arch: Arch): Source {
  const { program, version, withScript, src, checksum: policy } = declared;
  const declaredChecksum = policy.declaredFor(arch);
  const kind = kindFor(declared, arch, declaredChecksum);
  const choice = { program, version, arch, kind };
  const asset = program.assetName(kind, version, arch);
  const urls = declared.urls.map((template) => parseUrl(expandTemplate(template, choice), "url"));
  const names = src === undefined ? urls.map(nameOf) : [basename(src)];
  const checksum =
    declaredChecksum === undefined
      ? tryKnown(policy, asset, names)
      : checksumFor(declaredChecksum, choice);
  return {
    ...{ program, version, arch, withScript, asset, src, urls, checksum, policy },
    isLenient: declaredChecksum === undefined && kind === "archive",
    assetNames: [names[0] ?? asset, asset],
    download: {
      ...declared.transfer,
      headers: headersFor(declared.headers, urls, listsOf(declared, checksum)),
    },
  };
}

/** The archive, where the script is wanted, and where it is the only file of the release that is known. */
function kindFor(
  { program, version, withScript, src, urls, checksum: { known, isWaived } }: DeclaredSource,
  arch: Arch,
  declared: DeclaredChecksum | undefined,
): AssetKind {
  if (withScript) return "archive";
  const isFree = declared === undefined && !isWaived && src === undefined;
  const isKnown = (kind: AssetKind): boolean => program.assetName(kind, version, arch) in known;
  const isChosen = urls.every((template) => template.includes("{asset}"));
  return isFree && isChosen && !isKnown("binary") && isKnown("archive") ? "archive" : "binary";
}

/** A file that has another name than the release's may be another file. */
function tryKnown(
  { known, isWaived }: ChecksumPolicy,
  asset: string,
  names: readonly string[],
): DeclaredChecksum | undefined {
  const hex = known[asset];
  if (isWaived || hex === undefined || names.some((name) => name !== asset)) return undefined;
  return { kind: "digest", digest: { algorithm: "sha256", hex } };
}

function nameOf(url: URL): string {
  return basename(decodePercent(url.pathname));
}

function checksumFor(checksum: DeclaredChecksum, choice: AssetChoice): DeclaredChecksum {
  if (checksum.kind === "digest") return checksum;
  return { ...checksum, url: parseUrl(expandTemplate(checksum.url, choice), "checksum").href };
}

/** Headers per host: those without one are for the only host there is. */
function headersFor(
  { plain, perHost }: DeclaredHeaders,
  urls: readonly URL[],
  others: readonly URL[],
): readonly HostHeaders[] {
  refuseStrangers(perHost, [...urls, ...others]);
  if (Object.keys(plain).length === 0) return perHost;
  const [host, ...rest] = new Set(urls.map((url) => url.host));
  if (host !== undefined && rest.length === 0) return [...perHost, { host, headers: plain }];
  throw new ModuleError(
    "invalid_arguments",
    `headers: url names ${rest.length + 1} hosts, say which of them may see the headers: ` +
      `{${[host, ...rest].join(": {...}, ")}: {...}}`,
  );
}

/** Other addresses that are asked, and may need headers. */
function listsOf({ page }: DeclaredSource, checksum: DeclaredChecksum | undefined): readonly URL[] {
  const texts = [page, ...(checksum?.kind === "list" ? [checksum.url] : [])];
  return texts.flatMap((text) => tryParseUrl(text) ?? []);
}

/** Headers that nobody gets are a mistake, and a token that was not sent is a puzzling 401. */
function refuseStrangers(perHost: readonly HostHeaders[], asked: readonly URL[]): void {
  const stranger = perHost.find(({ host }) => !asked.some((url) => isHostOf(host, url)));
  if (stranger === undefined) return;
  const hosts = [...new Set(asked.map((url) => url.host))].filter((host) => host !== "");
  throw new ModuleError(
    "invalid_arguments",
    `headers: ${stranger.host}: no address is at that host, expected one of ${hosts.join(", ")}`,
  );
}
