// Before and after as people read them: JSON with indentation, secrets masked.

import { fingerprintOfSecret } from "../../base/hash";
import { isRecord } from "../../base/json";
import { type Diff } from "../../ansible/module";
import { MASK } from "../../base/secrets";
import { isSecretName } from "../../flannel/backend-table";
import { describeLease } from "../../flannel/lease";
import { type HeldLease } from "./observe";

/** The diff of the configuration; undefined: there is none. */
export function configDiff(
  key: string,
  before: string | undefined,
  after: string | undefined,
): Diff {
  const old = parse(before);
  const changed = parse(after);
  return {
    before_header: key,
    after_header: key,
    before: print(mask(old)),
    after: print(mask(changed, old)),
  };
}

/** The diff of leases that are to go. */
export function leasesDiff(leases: readonly HeldLease[]): Diff {
  return {
    before_header: "leases",
    after_header: "leases",
    before: leases.map((lease) => `${describeLease(lease)}\n`).join(""),
    after: "",
  };
}

/** A copy in which no secret can be read; one that differs from that in `old` says so. */
export function mask(value: unknown, old?: unknown): unknown {
  return replaceSecrets(value, old, (secret, before) =>
    before !== undefined && before !== secret ? `${MASK} (another one)` : MASK,
  );
}

/** As `mask`, but with a fingerprint, so that another secret can be told from the same. */
export function maskWithFingerprints(value: unknown): unknown {
  return replaceSecrets(value, undefined, (secret) => `${MASK} (${fingerprintOfSecret(secret)})`);
}

/** A copy with `show` in place of every secret; it is also told what `old` has there, if anything. */
function replaceSecrets(
  value: unknown,
  old: unknown,
  show: (secret: unknown, before: unknown) => string,
): unknown {
  if (Array.isArray(value)) return value.map((item) => replaceSecrets(item, undefined, show));
  if (!isRecord(value)) return value;
  const before = isRecord(old) ? old : {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) ? show(item, before[name]) : replaceSecrets(item, before[name], show),
    ]),
  );
}

/** JSON where it is some, else the text. */
function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

function print(value: unknown): string {
  if (value === undefined) return "";
  return `${typeof value === "string" ? value : JSON.stringify(value, null, 2)}\n`;
}
