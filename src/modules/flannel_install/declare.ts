// What the options of the task mean: parsed, completed, joined to paths.

import { isAbsolute, join, normalize } from "node:path";

import { ModuleError } from "../../base/errors";
import { isRecord } from "../../base/json";
import { type Arch, parseArch } from "../../flannel/arch";
import {
  MK_DOCKER_OPTS,
  PROGRAMS,
  type ReleasedProgram,
  officialPageOf,
  officialUrlOf,
} from "../../flannel/release-assets";
import { parseVersion, tagOf } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import { type ClientCertificate } from "../../host/download/connection";
import { netrcFileIn } from "../../host/download/netrc";
import { parseMode } from "../../host/file-mode";
import { declareChecksums } from "./checksum-policy";
import { type ReleasePage, declarePage } from "./release-page";
import { type DeclaredHeaders, type DeclaredSource, type Source, sourceFor } from "./source";

/** Where the files are that this module owns. */
export interface InstallPaths {
  readonly directory: string;
  readonly binary: string;
  readonly script: string;
  /** What is known of the files that were installed (origin.ts). */
  readonly origin: string;
  /** Of the run that changes several of these files (alone.ts). */
  readonly lock: string;
  /** Where others may send a file to install from: it is this module's to remove. */
  readonly sent: string;
}

export interface Declared {
  readonly program: ReleasedProgram;
  readonly paths: InstallPaths;
  /** The CPU; undefined: that of the host. */
  readonly arch: Arch | undefined;
  /** Of `state: present` only. */
  readonly wanted: Wanted | undefined;
  /** Of `state: downloaded` only. */
  readonly cache: WantedInCache | undefined;
  /** Of `state: published` only. */
  readonly page: ReleasePage | undefined;
}

/** What `state: present` asks for, on whatever CPU. */
export interface Wanted {
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly keep: number;
  readonly source: DeclaredSource;
}

/** What `state: downloaded` asks for, for whatever CPU. */
export interface WantedInCache {
  /** Of this version. */
  readonly directory: string;
  readonly source: DeclaredSource;
}

/** Where programs are looked for, by the names of the option. */
const PLACES = { flanneld: "/usr/local/sbin", "cni-plugin": "/opt/cni/bin" } as const;

/** Five times a release of flannel. */
const MAX_DOWNLOAD_BYTES = 256 * 1024 * 1024;

/** Throws `invalid_arguments`. */
export function declare(options: FlannelInstallOptions): Declared {
  const program = PROGRAMS[options.program];
  const paths = pathsOf(options.bin_dir ?? PLACES[options.program], program);
  const arch = options.arch === undefined ? undefined : parseArch(options.arch);
  const nothing = { program, paths, arch, wanted: undefined, cache: undefined, page: undefined };
  if (options.state === "absent") return nothing;
  const source = declareSource(options, program);
  if (options.state === "published") return { ...nothing, page: declarePage(source) };
  // Whether a template can be filled does not depend on the CPU.
  sourceFor(source, arch ?? source.checksum.architectures[0] ?? "amd64");
  if (options.state === "downloaded") return { ...nothing, cache: declareCache(options, source) };
  const { owner, group, keep } = options;
  return {
    ...nothing,
    wanted: { mode: parseProgramMode(options.mode), owner, group, keep, source },
  };
}

/** The file that is declared, for the CPU of this host unless another one is declared. */
export function sourceOf(
  { arch, wanted, cache }: Declared,
  { cpu }: { readonly cpu: { readonly arch: Arch | undefined } },
): Source | undefined {
  const target = arch ?? cpu.arch;
  const source = (wanted ?? cache)?.source;
  return source && target && sourceFor(source, target);
}

/** A relative directory is refused: relative to what would be chance. */
function requireAbsolute(path: string, option: string, example: string): void {
  if (isAbsolute(path)) return;
  throw new ModuleError(
    "invalid_arguments",
    `${option}: ${path}: expected an absolute path, such as ${example}`,
  );
}

function declareCache(
  { dest = "", src }: FlannelInstallOptions,
  source: DeclaredSource,
): WantedInCache {
  requireAbsolute(dest, "dest", "/var/cache/flannel");
  if (src === undefined) return { directory: join(dest, tagOf(source.version)), source };
  throw new ModuleError(
    "invalid_arguments",
    "src: with state downloaded there is nothing to install from it; give url, which may be a file:// one",
  );
}

function pathsOf(directory: string, { file }: ReleasedProgram): InstallPaths {
  requireAbsolute(directory, "bin_dir", "/usr/local/sbin");
  return {
    directory,
    binary: join(directory, file),
    script: join(directory, MK_DOCKER_OPTS),
    origin: join(directory, `.${file}.origin.json`),
    lock: join(directory, `.${file}.lock`),
    sent: join(directory, `.${file}.sent`),
  };
}

function declareSource(options: FlannelInstallOptions, program: ReleasedProgram): DeclaredSource {
  const urls = options.url ?? [officialUrlOf(program)];
  if (urls.length === 0 && options.src === undefined) {
    throw new ModuleError("invalid_arguments", "url: the list is empty, give one or leave it out");
  }
  if (options.mk_docker_opts && program !== PROGRAMS.flanneld) {
    const message = "mk_docker_opts: the script is in the releases of flanneld; leave it out here";
    throw new ModuleError("invalid_arguments", message);
  }
  return {
    program,
    version: parseVersion(options.version ?? ""),
    withScript: options.mk_docker_opts,
    src: options.src === undefined ? undefined : normalize(options.src),
    urls,
    page: options.release_page ?? officialPageOf(program),
    checksum: declareChecksums(options),
    headers: declareHeaders(options.headers ?? {}),
    transfer: {
      timeoutMs: options.timeout * 1000,
      retries: options.retries,
      deadlineMs: options.deadline * 1000,
      maxBytes: MAX_DOWNLOAD_BYTES,
      validateCerts: options.validate_certs,
      caFile: options.ca_file,
      clientCertificate: declareClientCertificate(options),
      environment: process.env,
      netrcFile: options.use_netrc ? netrcFileIn(process.env) : undefined,
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
  };
}

/** A key that is not named is in the file of the certificate. */
function declareClientCertificate({
  client_cert: certFile,
  client_key: keyFile,
}: FlannelInstallOptions): ClientCertificate | undefined {
  if (certFile !== undefined) return { certFile, keyFile: keyFile ?? certFile };
  if (keyFile === undefined) return undefined;
  throw new ModuleError("invalid_arguments", "client_key: needs client_cert, too; name its file");
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

/** A dictionary in the dictionary is for one host. */
function declareHeaders(declared: Readonly<Record<string, unknown>>): DeclaredHeaders {
  const entries = Object.entries(declared);
  const plain = entries.filter(([, value]) => !isRecord(value));
  const perHost = entries.filter(([, value]) => isRecord(value));
  return {
    plain: textValues(Object.fromEntries(plain)),
    perHost: perHost.map(([host, value]) => ({ host, headers: textValues(value) })),
  };
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
