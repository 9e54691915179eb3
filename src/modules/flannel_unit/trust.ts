// Whom a daemon without a client certificate takes for etcd, and what has to be done about it: the ways
// of the releases differ, and two of them are silent.

import { trustWithoutPair } from "../../flannel/etcd-trust";
import { type FlagValue, flagValue } from "../../flannel/flags";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { type Lack } from "./lacks";

type Variables = Readonly<Record<string, unknown>>;

/**
 * The variables that make a daemon take its `etcd-cafile` where it would not read it: those of the
 * system's CAs. Nothing but etcd is spoken to by TLS then.
 */
export function trustVariables(
  flags: readonly FlagValue[],
  version: FlannelVersion | undefined,
): Variables {
  const ca = flagValue(flags, "etcd-cafile") ?? "";
  const isNeeded = lacksPair(flags) && ca !== "" && trustWithoutPair(version) === "system";
  return isNeeded ? { SSL_CERT_FILE: ca } : {};
}

/** What stands against a start without a client certificate, of daemons that work with etcd. */
export function findTrustLacks(
  flags: readonly FlagValue[],
  version: FlannelVersion | undefined,
): readonly Lack[] {
  if (version === undefined || !lacksPair(flags)) return [];
  const trust = trustWithoutPair(version);
  const remedy =
    "give it a client certificate (etcd-certfile and etcd-keyfile), or use a release from v0.20.1 on";
  if (trust === "nobody") {
    const message = `settings: etcd-certfile: flannel ${tagOf(version)} does not start without a client certificate; ${remedy}`;
    return [{ message, isVital: true, isBroughtLater: false }];
  }
  const usesTls = (flagValue(flags, "etcd-endpoints") ?? "").includes("https://");
  if (trust !== "anybody" || !usesTls) return [];
  const message =
    `settings: etcd-certfile: without a client certificate flannel ${tagOf(version)} does not verify who ` +
    `answers for etcd, so the password can go to anyone, and the network come from anyone; ${remedy}`;
  return [{ message, isVital: false, isBroughtLater: false }];
}

function lacksPair(flags: readonly FlagValue[]): boolean {
  const isGiven = (name: string) => (flagValue(flags, name) ?? "") !== "";
  return !isGiven("etcd-certfile") || !isGiven("etcd-keyfile");
}
