// The TLS files of the client, checked before the first connection so that a wrong file is named.

import { readClientCertificate } from "../host/connection/client-certificate";
import { type TlsMaterial } from "../host/connection/secure";
import { readCaFile, readSystemCas } from "../host/connection/trust";

export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/**
 * Reads and checks the files; throws `tls` (or `permission`, `host`) naming the option and file. As
 * for flannel, a CA file replaces the system's CAs.
 */
export async function readTlsMaterial({
  caFile,
  certFile,
  keyFile,
}: TlsFiles): Promise<TlsMaterial> {
  const [ca, pair] = await Promise.all([
    caFile === undefined ? readSystemCas() : readCaFile("ca_file", caFile),
    certFile === undefined || keyFile === undefined
      ? undefined
      : readClientCertificate(
          { option: "cert_file", path: certFile },
          { option: "key_file", path: keyFile },
        ),
  ]);
  return { ca, ...pair };
}
