// Until when etcd takes the daemon for who it is: a certificate that has ended is found out at its next
// start, which may be a reboot months later.

import { type FlagValue, filesOf } from "../../flannel/flags";
import { tryReadExpiry } from "../../host/certificate-expiry";

/** The daemon's client certificate. */
export interface Expiry {
  readonly path: string;
  /** Wall clock, milliseconds. */
  readonly endsAtMs: number;
}

const DAY_MS = 86_400_000;
const NOTICE_DAYS = 30;

/** Looks at the certificate that the flags name; undefined where there is none. */
export function observeExpiry(flags: readonly FlagValue[]): Expiry | undefined {
  const path = filesOf(flags).find(({ name }) => name === "etcd-certfile")?.value;
  const endsAtMs = path === undefined ? undefined : tryReadExpiry(path);
  return path === undefined || endsAtMs === undefined ? undefined : { path, endsAtMs };
}

/** What to do about a certificate that ends within a month, and is not about to be replaced. */
export function warnOfExpiry(
  expiry: Expiry | undefined,
  replaced: ReadonlySet<string>,
  nowMs: number,
): readonly string[] {
  if (expiry === undefined || replaced.has(expiry.path)) return [];
  const days = Math.floor((expiry.endsAtMs - nowMs) / DAY_MS);
  if (days >= NOTICE_DAYS) return [];
  const ends =
    days < 0 ? "expired" : days === 0 ? "expires within a day," : `expires in ${days} days,`;
  const date = dateOf(expiry);
  return [
    `etcd-certfile: ${expiry.path}: ${ends} on ${date}; from then on etcd refuses it, renew it`,
  ];
}

/** "2027-01-31T12:00:00Z". */
export function dateOf({ endsAtMs }: Expiry): string {
  return new Date(endsAtMs).toISOString().replace(".000Z", "Z");
}
