// Which SHA-256 the file to install from must have: declared, looked up in a list, or that of a file
// which is on the host already.

import { access } from "node:fs/promises";

import { ModuleError } from "../../base/errors";
import { DAEMON } from "../../flannel/release-assets";
import { type FlannelVersion, satisfies } from "../../flannel/version";
import {
  type Digest,
  digestOfFile,
  findChecksum,
  formatDigest,
  nameOfAlgorithm,
} from "../../host/checksum";
import { showUrl } from "../../host/download/address";
import { fetchText } from "../../host/download/fetch-text";
import { type InstalledBinary } from "./inspect";
import { type Origin, type Origins } from "./origin";
import { type Source } from "./source";

/**
 * `later`: a list of checksums says it, which need not be asked before something is installed.
 * `other`: it is declared by another algorithm than the one by which files are compared here.
 */
export type ExpectedDigest =
  | { readonly kind: "undeclared" }
  | { readonly kind: "known"; readonly sha256: string }
  | { readonly kind: "later" }
  | { readonly kind: "other"; readonly digest: Digest };

/**
 * What is known before anything is obtained. A list of checksums is asked only when the version is
 * right, because then its answer decides whether something has to be installed. Throws
 * `verification` when a file of the host is not the declared one.
 */
export async function expectDigest(
  source: Source,
  installed: FlannelVersion | undefined,
): Promise<ExpectedDigest> {
  const { checksum, src } = source;
  const decides = installed !== undefined && satisfies(installed, source.version);
  const isLater = checksum?.kind === "list" && !decides;
  const declared = isLater ? undefined : await declaredDigest(source);
  if (src !== undefined && (await isThere(src))) {
    if (declared !== undefined) await refuseOtherFile(src, declared);
    return { kind: "known", sha256: await digestOfFile(src, "sha256") };
  }
  return isLater ? { kind: "later" } : expectationOf(declared);
}

/** A digest, or none, as what is expected. */
export function expectationOf(digest: Digest | undefined): ExpectedDigest {
  if (digest === undefined) return { kind: "undeclared" };
  return digest.algorithm === "sha256"
    ? { kind: "known", sha256: digest.hex }
    : { kind: "other", digest };
}

async function refuseOtherFile(src: string, { algorithm, hex }: Digest): Promise<void> {
  const actual = await digestOfFile(src, algorithm);
  if (actual === hex) return;
  throw new ModuleError(
    "verification",
    `src: ${src}: its ${nameOfAlgorithm(algorithm)} is ${actual}, declared is ${hex}`,
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
  const origin = origins[DAEMON];
  if (expected.kind === "other") {
    return binary !== undefined && isRecordedAs(origin, binary.sha256, expected.digest);
  }
  if (expected.kind !== "known") return undefined;
  const unpacked = origin?.archive_sha256 === expected.sha256 ? origin.sha256 : undefined;
  return binary !== undefined && [expected.sha256, unpacked].includes(binary.sha256);
}

/** What was verified by a digest of another kind, is known by what was written down then. */
function isRecordedAs(origin: Origin | undefined, sha256: string, digest: Digest): boolean {
  return origin?.sha256 === sha256 && origin.checksum === formatDigest(digest);
}
