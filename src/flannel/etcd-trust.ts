// Whom flannel takes for etcd when it has no client certificate, by release (newTlsConfig in
// pkg/subnet/etcd/registry.go; etcdv2's transport up to 0.17).

import { type FlannelVersion, isAtLeast } from "./version";

/**
 * - `declared`: whoever has a certificate of `etcd-cafile`;
 * - `anybody`: no certificate is verified, so a password goes to whoever answers;
 * - `nobody`: flannel refuses to start, over http, too;
 * - `system`: whoever has a certificate of the system's CAs, or of $SSL_CERT_FILE; `etcd-cafile` is
 *   not read.
 */
export type EtcdTrust = "declared" | "anybody" | "nobody" | "system";

/** Without `etcd-certfile` and `etcd-keyfile`; the newest release's answer for an unknown version. */
export function trustWithoutPair(version: FlannelVersion | undefined): EtcdTrust {
  if (version === undefined || isAtLeast(version, "0.20.1")) return "system";
  if (isAtLeast(version, "0.19.2")) return "nobody";
  return isAtLeast(version, "0.18.0") ? "anybody" : "declared";
}
