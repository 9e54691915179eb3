// The certificate that this side shows, checked before it is, so that a wrong file is named.

import { ModuleError } from "../../base/errors";
import { readPem } from "./pem-file";

/** A file and the option that names it. */
export interface NamedFile {
  readonly option: string;
  readonly path: string;
}

export interface ClientPair {
  readonly cert: string;
  readonly key: string;
  /** By the certificate, which may expire while it is in use. */
  readonly expiresAtMs: number;
}

/** Reads a certificate and its key; throws `tls` (or `permission`, `host`) naming option and file. */
export async function readClientCertificate(
  certFile: NamedFile,
  keyFile: NamedFile,
): Promise<ClientPair> {
  const [cert, key] = await Promise.all([
    readPem(certFile.option, certFile.path, "CERTIFICATE"),
    readPem(keyFile.option, keyFile.path, "PRIVATE KEY"),
  ]);
  return { cert, key, expiresAtMs: await checkPair(cert, key, certFile, keyFile) };
}

/** Returns when the certificate expires. */
async function checkPair(
  cert: string,
  key: string,
  certFile: NamedFile,
  keyFile: NamedFile,
): Promise<number> {
  const { X509Certificate, createPrivateKey } = await import("node:crypto");
  let matches: boolean;
  let expiry: Date;
  try {
    const certificate = new X509Certificate(cert);
    expiry = new Date(certificate.validTo);
    matches = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new ModuleError(
      "tls",
      `${certFile.option}, ${keyFile.option}: ${certFile.path} and ${keyFile.path} cannot be read as a certificate and its unencrypted key`,
      { cause: error },
    );
  }
  if (!matches) {
    const told = `${keyFile.option}: ${keyFile.path} is not the key of ${certFile.path}`;
    throw new ModuleError("tls", told);
  }
  const [expiresAtMs, nowMs] = [expiry.getTime(), Date.now()];
  if (expiresAtMs < nowMs) {
    throw new ModuleError(
      "tls",
      `${certFile.option}: ${certFile.path} expired on ${expiry.toISOString()}, the server would refuse it; renew it, unless this host's clock is wrong, which says ${new Date(nowMs).toISOString()}`,
    );
  }
  return expiresAtMs;
}
