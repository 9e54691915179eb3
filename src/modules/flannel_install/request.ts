// The options of the task as the module works with them: parsed, expanded, joined to paths.

import { basename, isAbsolute, join } from "node:path";

import { ModuleError } from "../../base/errors";
import { isRecord } from "../../base/json";
import { decodePercent } from "../../base/userinfo";
import {
  type Arch,
  type AssetChoice,
  DAEMON,
  MK_DOCKER_OPTS,
  assetName,
  expandTemplate,
} from "../../flannel/release-assets";
import { type FlannelVersion, parseVersion } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import { type DeclaredChecksum, parseChecksum } from "../../host/checksum";
import { type HostHeaders, parseUrl } from "../../host/download/address";
import { type DownloadSettings } from "../../host/download/download";
import { parseMode } from "../../host/file-mode";

/** Where the files are that this module owns. */
export interface InstallPaths {
  readonly directory: string;
  readonly binary: string;
  readonly script: string;
  /** What is known of files that came out of an archive (origin.ts). */
  readonly origin: string;
}

/** What `state: present` asks for on a host of a given CPU. */
export interface InstallRequest {
  readonly version: FlannelVersion;
  readonly arch: Arch;
  readonly mode: number;
  readonly withScript: boolean;
  readonly keep: number;
  readonly src: string | undefined;
  readonly urls: readonly URL[];
  readonly checksum: DeclaredChecksum | undefined;
  /** Under which names a list of checksums may have the file. */
  readonly assetNames: readonly string[];
  readonly download: DownloadSettings;
}

/** Five times a release of flannel. */
const MAX_DOWNLOAD_BYTES = 256 * 1024 * 1024;

/** Throws `invalid_arguments` for a relative directory: relative to what would be chance. */
export function pathsOf(directory: string): InstallPaths {
  if (!isAbsolute(directory)) {
    throw new ModuleError(
      "invalid_arguments",
      `bin_dir: ${directory}: expected an absolute path, such as /usr/local/sbin`,
    );
  }
  return {
    directory,
    binary: join(directory, DAEMON),
    script: join(directory, MK_DOCKER_OPTS),
    origin: join(directory, `.${DAEMON}.origin.json`),
  };
}

/** Completes the options for a binary for this CPU. Throws `invalid_arguments`. */
export function resolveRequest(options: FlannelInstallOptions, arch: Arch): InstallRequest {
  const version = parseVersion(options.version ?? "");
  const choice = { version, arch, kind: options.mk_docker_opts ? "archive" : "binary" } as const;
  const urls = options.url.map((template) => parseUrl(expandTemplate(template, choice), "url"));
  if (urls.length === 0 && options.src === undefined) {
    throw new ModuleError("invalid_arguments", "url: the list is empty, give one or leave it out");
  }
  const fileName = options.src ?? decodePercent(urls[0]?.pathname ?? "");
  return {
    version,
    arch,
    mode: parseProgramMode(options.mode),
    withScript: options.mk_docker_opts,
    keep: options.keep,
    src: options.src,
    urls,
    checksum: resolveChecksum(options.checksum, choice),
    assetNames: [basename(fileName), assetName(choice.kind, version, arch)],
    download: downloadSettings(options, urls),
  };
}

function parseProgramMode(value: unknown): number {
  const mode = parseMode(value, "mode");
  if ((mode & 0o500) === 0o500) return mode;
  throw new ModuleError(
    "invalid_arguments",
    `mode: ${JSON.stringify(value)}: the owner could not run the binary, ` +
      `expected at least "0500" (in quotes, YAML reads a bare 0750 as another number)`,
  );
}

function resolveChecksum(
  text: string | undefined,
  choice: AssetChoice,
): DeclaredChecksum | undefined {
  if (text === undefined) return undefined;
  const checksum = parseChecksum(text);
  if (checksum.kind === "digest") return checksum;
  return { kind: "list", url: parseUrl(expandTemplate(checksum.url, choice), "checksum").href };
}

function downloadSettings(options: FlannelInstallOptions, urls: readonly URL[]): DownloadSettings {
  return {
    timeoutMs: options.timeout * 1000,
    retries: options.retries,
    maxBytes: MAX_DOWNLOAD_BYTES,
    headers: resolveHeaders(options.headers ?? {}, urls),
    validateCerts: options.validate_certs,
    caFile: options.ca_file,
    environment: process.env,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** Headers per host; plain names and values are for the only host there is. */
function resolveHeaders(
  declared: Readonly<Record<string, unknown>>,
  urls: readonly URL[],
): readonly HostHeaders[] {
  const nested = Object.entries(declared).filter(([, value]) => isRecord(value));
  const plain = Object.entries(declared).filter(([, value]) => !isRecord(value));
  const perHost = nested.map(([host, value]) => ({ host, headers: textValues(value) }));
  if (plain.length === 0) return perHost;
  const [host, ...others] = new Set(urls.map((url) => url.host));
  if (host !== undefined && others.length === 0) {
    return [...perHost, { host, headers: textValues(Object.fromEntries(plain)) }];
  }
  throw new ModuleError(
    "invalid_arguments",
    `headers: url names ${others.length + 1} hosts, say which of them may see the headers: ` +
      `{${[host, ...others].join(": {...}, ")}: {...}}`,
  );
}

function textValues(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(
    entries.map(([name, text]) => {
      const isText = typeof text === "string" || typeof text === "number";
      if (isText && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\xff]*$/.test(String(text))) {
        return [name, String(text)];
      }
      throw new ModuleError(
        "invalid_arguments",
        `headers: ${name}: expected a header's name and its value on one line`,
      );
    }),
  );
}
