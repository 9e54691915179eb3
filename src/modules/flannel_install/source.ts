// Where the file to install from comes from, and what is said of it: as it is declared for every
// CPU, and as it is for one.

import { basename } from "node:path";

import { ModuleError } from "../../base/errors";
import { decodePercent } from "../../base/userinfo";
import {
  type Arch,
  type AssetChoice,
  assetName,
  expandTemplate,
} from "../../flannel/release-assets";
import { type FlannelVersion } from "../../flannel/version";
import { type DeclaredChecksum } from "../../host/checksum";
import { type HostHeaders, parseUrl } from "../../host/download/address";
import { type DownloadSettings } from "../../host/download/download";

/** What is declared; URLs still have their placeholders. */
export interface DeclaredSource {
  readonly version: FlannelVersion;
  /** mk-docker-opts.sh is wanted too, which is in the archive only. */
  readonly withScript: boolean;
  /** A file of the host to take instead of a download. */
  readonly src: string | undefined;
  readonly urls: readonly string[];
  readonly checksum: DeclaredChecksum | undefined;
  readonly headers: DeclaredHeaders;
  readonly transfer: Omit<DownloadSettings, "headers">;
}

export interface DeclaredHeaders {
  /** For the only host there is. */
  readonly plain: Readonly<Record<string, string>>;
  readonly perHost: readonly HostHeaders[];
}

/** The file for one CPU. */
export interface Source {
  readonly version: FlannelVersion;
  readonly arch: Arch;
  readonly withScript: boolean;
  readonly src: string | undefined;
  readonly urls: readonly URL[];
  readonly checksum: DeclaredChecksum | undefined;
  /** Under which names a list of checksums may have the file. */
  readonly assetNames: readonly string[];
  readonly download: DownloadSettings;
}

/** The name under which flannel publishes the file. */
export function releaseNameOf({ version, arch, withScript }: Source): string {
  return assetName(withScript ? "archive" : "binary", version, arch);
}

/** Fills the placeholders for a CPU. Throws `invalid_arguments`. */
export function sourceFor(declared: DeclaredSource, arch: Arch): Source {
  const { version, withScript, src, checksum } = declared;
  const choice = { version, arch, kind: withScript ? "archive" : "binary" } as const;
  const urls = declared.urls.map((template) => parseUrl(expandTemplate(template, choice), "url"));
  const fileName = src ?? decodePercent(urls[0]?.pathname ?? "");
  return {
    version,
    arch,
    withScript,
    src,
    urls,
    checksum: checksum && checksumFor(checksum, choice),
    assetNames: [basename(fileName), assetName(choice.kind, version, arch)],
    download: { ...declared.transfer, headers: headersFor(declared.headers, urls) },
  };
}

function checksumFor(checksum: DeclaredChecksum, choice: AssetChoice): DeclaredChecksum {
  if (checksum.kind === "digest") return checksum;
  return { ...checksum, url: parseUrl(expandTemplate(checksum.url, choice), "checksum").href };
}

/** Headers per host: those without one are for the only host there is. */
function headersFor(
  { plain, perHost }: DeclaredHeaders,
  urls: readonly URL[],
): readonly HostHeaders[] {
  if (Object.keys(plain).length === 0) return perHost;
  const [host, ...others] = new Set(urls.map((url) => url.host));
  if (host !== undefined && others.length === 0) return [...perHost, { host, headers: plain }];
  throw new ModuleError(
    "invalid_arguments",
    `headers: url names ${others.length + 1} hosts, say which of them may see the headers: ` +
      `{${[host, ...others].join(": {...}, ")}: {...}}`,
  );
}
