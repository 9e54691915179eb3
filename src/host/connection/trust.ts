// The CAs to trust: the system's, and those of a file that is declared.

import { readFile } from "node:fs/promises";

import { ModuleError, systemCodeOf } from "../../base/errors";
import { translateFileError } from "../file-errors";
import { readPem } from "./pem-file";

/** Debian and friends; Red Hat and friends; SUSE; Alpine. The first that exists, as Go's TLS does. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Appended to a certificate: "trusted as a server's CA" (OpenSSL's X509_CERT_AUX with serverAuth). */
const TRUSTED_FOR_SERVERS = Buffer.from("300c300a06082b06010505070301", "hex");

/** The CAs of this host in PEM; nothing where it has none. */
export async function readSystemCas(): Promise<readonly string[]> {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return [await readFile(path, "utf8")];
    } catch (error) {
      if (systemCodeOf(error) !== "ENOENT") throw translateFileError(path, "read", error);
    }
  }
  return [];
}

/**
 * The CAs in a file, each of them trusted by itself: Go trusts an intermediate CA as it is, OpenSSL
 * only what is marked so, or else wants its root. Throws ModuleError naming option, file and fault.
 */
export async function readCaFile(option: string, path: string): Promise<readonly string[]> {
  const text = await readPem(option, path, "CERTIFICATE");
  const blocks =
    text.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]*(-----END [^-]+-----)?/g) ?? [];
  const { X509Certificate } = await import("node:crypto");
  return blocks.map((block, index) => {
    if (isReadable(() => new X509Certificate(block))) return markTrusted(block);
    throw new ModuleError(
      "tls",
      `${option}: ${path}: certificate ${index + 1} of ${blocks.length} cannot be read (is the file truncated or damaged?), give an intact one`,
    );
  });
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function markTrusted(block: string): string {
  if (block.includes("BEGIN TRUSTED")) return block;
  const der = Buffer.from(block.replace(/-----[^-]*-----/g, ""), "base64");
  const body = Buffer.concat([der, TRUSTED_FOR_SERVERS]).toString("base64");
  const label = "TRUSTED CERTIFICATE-----";
  // OpenSSL reads no further than an empty line, which a break behind each 64 would make of a last one that is full.
  const lines = body.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}`, ...lines, `-----END ${label}`, ""].join("\n");
}
