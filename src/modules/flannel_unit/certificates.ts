// Which certificates on the host are not what they should be, told by digest: private keys never are
// arguments of a task, so whoever has the files sends those that are named here (sent-certificates.ts).

import { isAbsolute, join, posix } from "node:path";

import { ModuleError } from "../../base/errors";
import { showJson } from "../../base/json";
import { digestOf } from "../../host/digest";
import { type FileInfo, tryInspect } from "../../host/file-info";
import { type Change, createFolder, placement, planFolder } from "./changes";

/** Files by name, and the directory they are to be in. */
export interface Certificates {
  readonly directory: string;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  /** All that the play brings there; empty: not told. */
  readonly names: readonly string[];
  /** The file that brings them; undefined where they are only compared. */
  readonly sent: string | undefined;
}

/** What is to be done about certificates. */
export interface CertificateReport {
  /** Names of files that are not as they should be; "." is the directory itself. */
  readonly differing: readonly string[];
  /** Paths of those whose content is another, so that copying them puts another file in place. */
  readonly outdated: readonly string[];
}

/** What is on the host: the directory, and the files by name; undefined where there is none. */
export interface CertificateState {
  readonly directory: FileInfo | undefined;
  readonly files: ReadonlyMap<string, FileInfo & { readonly sha256: string }>;
}

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o640;

/** Reads the option. Throws `invalid_arguments` for what is no digest or would leave the directory. */
export function readCertificates(option: {
  readonly directory: string;
  readonly sha256: Readonly<Record<string, unknown>>;
  readonly names?: readonly string[];
  readonly sent?: string | undefined;
}): Certificates {
  const files = Object.entries(option.sha256).map(([name, digest]) => {
    if (name === "" || isAbsolute(name) || posix.normalize(`/${name}`) !== `/${name}`) {
      throw faultOf(name, "expected the name of a file in the directory");
    }
    if (typeof digest !== "string" || !/^[0-9a-f]{64}$/i.test(digest)) {
      throw faultOf(name, "expected a SHA-256, 64 hexadecimal digits");
    }
    return { name, sha256: digest.toLowerCase() };
  });
  return { directory: option.directory, files, names: option.names ?? [], sent: option.sent };
}

/** Looks at the directory and its files. */
export async function observeCertificates(wanted: Certificates): Promise<CertificateState> {
  const files = new Map<string, FileInfo & { readonly sha256: string }>();
  for (const { name } of wanted.files) {
    const path = join(wanted.directory, name);
    const info = tryInspect(path);
    if (info?.isFile === true) files.set(name, { ...info, sha256: await digestOf(path) });
  }
  return { directory: tryInspect(wanted.directory), files };
}

/** Compares what is there with what is wanted. */
export function compareCertificates(
  wanted: Certificates,
  { directory, files }: CertificateState,
): CertificateReport {
  const outdated = wanted.files.filter(({ name, sha256 }) => files.get(name)?.sha256 !== sha256);
  const differing = wanted.files.filter(
    (file) => outdated.includes(file) || !isRoots(files.get(file.name), FILE_MODE),
  );
  return {
    differing: [
      ...(isRoots(directory, DIRECTORY_MODE) ? [] : ["."]),
      ...differing.map(({ name }) => name),
    ],
    outdated: outdated.map(({ name }) => join(wanted.directory, name)),
  };
}

/** The steps that make directory and files what they should be; the files that were sent come last. */
export function planCertificates(wanted: Certificates, state: CertificateState): readonly Change[] {
  const { directory, sent = "" } = wanted;
  const { outdated } = compareCertificates(wanted, state);
  const files = wanted.files.map((file) => ({ ...file, path: join(directory, file.name) }));
  const isOutdated = ({ path }: { readonly path: string }): boolean => outdated.includes(path);
  const folder = { path: directory, mode: DIRECTORY_MODE };
  return [
    ...(state.directory === undefined
      ? [createFolder(folder)]
      : planFolder(folder, state.directory)),
    ...files
      .filter((file) => !isOutdated(file))
      .flatMap(({ name, path }) => planFolder({ path, mode: FILE_MODE }, state.files.get(name))),
    ...files.filter(isOutdated).map(({ name, path, sha256 }, index) => {
      const isLast = index === outdated.length - 1;
      return placement(
        { path, mode: FILE_MODE, name, sha256, sent, isLast },
        state.files.get(name),
      );
    }),
  ];
}

function isRoots(info: FileInfo | undefined, mode: number): boolean {
  return info?.mode === mode && info.uid === 0 && info.gid === 0;
}

function faultOf(name: string, expected: string): ModuleError {
  return new ModuleError(
    "invalid_arguments",
    `certificates: sha256: ${showJson(name)}: ${expected}`,
  );
}
