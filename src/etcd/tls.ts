// The TLS files of the client, checked before the first connection so that a wrong file is named.

import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";

import { ModuleError } from "../base/errors";
import { translateFileError } from "../host/file-errors";

export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads and checks the files; throws `tls` (or `permission`, `host`) naming the option and file. */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([
    readPem("ca_file", files.caFile, "CERTIFICATE"),
    readPem("cert_file", files.certFile, "CERTIFICATE"),
    readPem("key_file", files.keyFile, "PRIVATE KEY"),
  ]);
  if (cert !== undefined && key !== undefined) checkPair(cert, key, files);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(
  option: string,
  path: string | undefined,
  kind: string,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const failure = translateFileError(path, "read", error);
    throw new ModuleError(failure.code, `${option}: ${failure.message}`, { cause: error });
  }
  if (new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) return text;
  throw new ModuleError("tls", `${option}: ${path} holds no PEM "${kind}", give another file`);
}

function checkPair(cert: string, key: string, { certFile = "", keyFile = "" }: TlsFiles): void {
  let matches: boolean;
  let expiry: Date;
  try {
    const certificate = new X509Certificate(cert);
    expiry = new Date(certificate.validTo);
    matches = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new ModuleError(
      "tls",
      `cert_file, key_file: ${certFile} and ${keyFile} cannot be read as a certificate and its unencrypted key`,
      { cause: error },
    );
  }
  if (!matches) {
    throw new ModuleError("tls", `key_file: ${keyFile} is not the key of ${certFile}`);
  }
  if (expiry.getTime() < Date.now()) {
    throw new ModuleError(
      "tls",
      `cert_file: ${certFile} expired on ${expiry.toISOString()}, etcd would refuse it; renew it`,
    );
  }
}
