// Which SHA-256 the file to install from must have: declared, looked up in a list, or that of a file
// which is on the host already.

import { access, stat } from "node:fs/promises";

import { ModuleError } from "../../base/errors";
import { PROGRAM } from "../../flannel/release-assets";
import { satisfies } from "../../flannel/version";
import {
  type Digest,
  digestOfFile,
  findChecksum,
  formatDigest,
  nameOfAlgorithm,
  sha256OfFile,
} from "../../host/checksum";
import { showUrl } from "../../host/download/address";
import { fetchText } from "../../host/download/fetch-text";
import { type InstalledBinary } from "./inspect";
import { type Origins, tryFindOrigin } from "./origin";
import { type Source } from "./source";

/**
 * `later`: a list of checksums says it, which need not be asked before something is installed.
 * `other`: it is declared by another algorithm than the one by which files are compared here.
 */
export type ExpectedDigest =
  | { readonly kind: "undeclared" }
  | {
      readonly kind: "known";
      readonly sha256: string;
      /** Of an archive, and not declared: it condemns no binary that came in another way. */
      readonly isLenient?: boolean;
      /** Why the list could not be asked; what it said once is what counts. */
      readonly fault?: string;
    }
  | { readonly kind: "later" }
  | { readonly kind: "other"; readonly digest: Digest };

/** The installed binary, and what is written down of it. */
interface Installed {
  readonly binary: Pick<InstalledBinary, "sha256" | "version"> | undefined;
  readonly origins: Origins;
}

/**
 * What is known before anything is obtained. A list of checksums is asked only when the version is
 * right, because then its answer decides whether something has to be installed. Throws
 * `verification` when a file of the host is not the declared one.
 */
export async function expectDigest(source: Source, installed: Installed): Promise<ExpectedDigest> {
  const { checksum, src } = source;
  const version = installed.binary?.version;
  const decides = version !== undefined && satisfies(version, source.version);
  if (src !== undefined && (await isThere(src))) return expectFile(src, source, decides);
  if (checksum?.kind === "list" && !decides) return { kind: "later" };
  const expected = await askOrRemember(source, installed);
  return expected.kind === "known" && source.isLenient
    ? { ...expected, isLenient: true }
    : expected;
}

async function expectFile(src: string, source: Source, decides: boolean): Promise<ExpectedDigest> {
  await refuseSize(src, source);
  const isLater = source.checksum?.kind === "list" && !decides;
  const declared = isLater ? undefined : await declaredDigest(source);
  if (declared !== undefined) await refuseOtherFile(src, declared);
  // Reading it is what a run without changes costs, so it is not read again for the same digest.
  return { kind: "known", sha256: sha256Of(declared) ?? (await sha256OfFile(src)) };
}

function sha256Of(digest: Digest | undefined): string | undefined {
  return digest?.algorithm === "sha256" ? digest.hex : undefined;
}

/** A list that is down is no reason to doubt what it has verified. */
async function askOrRemember(
  source: Source,
  { binary, origins }: Installed,
): Promise<ExpectedDigest> {
  try {
    return expectationOf(await declaredDigest(source));
  } catch (error) {
    const origin = origins[PROGRAM];
    const isDown = error instanceof ModuleError && ["network", "timeout"].includes(error.code);
    const isRemembered = origin?.list !== undefined && origin.list === listOf(source);
    if (!isDown || !isRemembered || origin.sha256 !== binary?.sha256) throw error;
    return { kind: "known", sha256: origin.sha256, fault: error.message };
  }
}

/** The address of the declared list, without secrets. */
export function listOf({ checksum }: Source): string | undefined {
  return checksum?.kind === "list" ? showUrl(new URL(checksum.url)) : undefined;
}

/** A digest, or none, as what is expected. */
export function expectationOf(digest: Digest | undefined): ExpectedDigest {
  if (digest === undefined) return { kind: "undeclared" };
  return digest.algorithm === "sha256"
    ? { kind: "known", sha256: digest.hex }
    : { kind: "other", digest };
}

/** A file of holes may take hours to read. */
async function refuseSize(src: string, { download: { maxBytes } }: Source): Promise<void> {
  const { size } = await stat(src);
  if (size <= maxBytes) return;
  const reason = `is larger than ${maxBytes} bytes, which no release of flannel is`;
  throw new ModuleError("verification", `src: ${src}: ${reason}`);
}

async function refuseOtherFile(src: string, { algorithm, hex }: Digest): Promise<void> {
  const actual = await digestOfFile(src, algorithm);
  if (actual === hex) return;
  throw new ModuleError(
    "verification",
    `src: ${src}: its ${nameOfAlgorithm(algorithm)} is ${actual}, expected ${hex}`,
  );
}

/** The same once it is needed: a list of checksums is asked now. Undefined: none is declared. */
export async function settleDigest(
  expected: ExpectedDigest,
  source: Source,
): Promise<Digest | undefined> {
  switch (expected.kind) {
    case "known":
      return { algorithm: "sha256", hex: expected.sha256 };
    case "other":
      return expected.digest;
    case "later":
      return declaredDigest(source);
    case "undeclared":
      return undefined;
  }
}

/** The declared digest, or the one in the declared list. Undefined: none is declared. */
export async function declaredDigest({
  checksum,
  download,
  assetNames: names,
}: Source): Promise<Digest | undefined> {
  if (checksum === undefined) return undefined;
  if (checksum.kind === "digest") return checksum.digest;
  const { algorithm } = checksum;
  const url = new URL(checksum.url);
  const list = await fetchText(url, download);
  return { algorithm, hex: findChecksum(list, { names, algorithm, origin: showUrl(url) }) };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The digest that the binary will have, if that can be told before it is there. */
export function digestOfBinary(
  { assetNames: [name = ""], withScript }: Source,
  expected: ExpectedDigest,
): string | undefined {
  if (expected.kind !== "known") return undefined;
  // The digest of an archive says nothing of the files in it.
  return withScript || /\.(tar\.gz|tgz)$/.test(name) ? undefined : expected.sha256;
}

/**
 * Whether an installed binary is the expected file or came out of the expected archive; undefined
 * when nothing says what it must be.
 */
export function isExpected(
  binary: Pick<InstalledBinary, "sha256"> | undefined,
  origins: Origins,
  expected: ExpectedDigest,
): boolean | undefined {
  if (expected.kind !== "known" && expected.kind !== "other") return undefined;
  if (binary === undefined) return false;
  const origin = tryFindOrigin(origins, binary.sha256);
  // What was verified by a digest of another kind, is known by what was written down then.
  if (expected.kind === "other") return origin?.checksum === formatDigest(expected.digest);
  if (expected.isLenient === true && origin?.archive_sha256 === undefined) return undefined;
  return [binary.sha256, origin?.archive_sha256].includes(expected.sha256);
}
