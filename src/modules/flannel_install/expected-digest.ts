// Which SHA-256 the file to install from must have: declared, looked up in a list, or that of a file
// which is on the host already.

import { access } from "node:fs/promises";

import { ModuleError } from "../../base/errors";
import { DAEMON } from "../../flannel/release-assets";
import { type FlannelVersion, satisfies } from "../../flannel/version";
import { findChecksum, sha256OfFile } from "../../host/checksum";
import { showUrl } from "../../host/download/address";
import { fetchText } from "../../host/download/fetch-text";
import { translateFileError } from "../../host/file-errors";
import { type InstalledBinary } from "./inspect";
import { type Origins } from "./origin";
import { type Source } from "./source";

/** `later`: a list of checksums says it, which need not be asked before something is installed. */
export type ExpectedDigest =
  | { readonly kind: "undeclared" }
  | { readonly kind: "known"; readonly sha256: string }
  | { readonly kind: "later" };

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
  const declared = isLater ? undefined : await declaredSha256(source);
  const actual = src === undefined ? undefined : await trySha256(src);
  if (declared !== undefined && actual !== undefined && declared !== actual) {
    throw new ModuleError(
      "verification",
      `src: ${String(src)}: its SHA-256 is ${actual}, declared is ${declared}`,
    );
  }
  const sha256 = actual ?? declared;
  if (sha256 !== undefined) return { kind: "known", sha256 };
  return { kind: isLater ? "later" : "undeclared" };
}

/** The same once it is needed: a list of checksums is asked now. Undefined: none is declared. */
export async function settleDigest(
  expected: ExpectedDigest,
  source: Source,
): Promise<string | undefined> {
  switch (expected.kind) {
    case "known":
      return expected.sha256;
    case "later":
      return declaredSha256(source);
    case "undeclared":
      return undefined;
  }
}

/** The declared digest, or the one in the declared list. Undefined: none is declared. */
export async function declaredSha256({
  checksum,
  download,
  assetNames,
}: Source): Promise<string | undefined> {
  if (checksum === undefined) return undefined;
  if (checksum.kind === "digest") return checksum.sha256;
  const url = new URL(checksum.url);
  return findChecksum(await fetchText(url, download), assetNames, showUrl(url));
}

async function trySha256(path: string): Promise<string | undefined> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return undefined;
  return sha256OfFile(path).catch((error: unknown) => {
    throw translateFileError(path, "read", error);
  });
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
  if (expected.kind !== "known") return undefined;
  const origin = origins[DAEMON];
  const unpacked = origin?.archive_sha256 === expected.sha256 ? origin.sha256 : undefined;
  return binary !== undefined && [expected.sha256, unpacked].includes(binary.sha256);
}
