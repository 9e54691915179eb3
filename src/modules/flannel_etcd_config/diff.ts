// Before and after as people read them: JSON with indentation, secrets masked.

import { fingerprintOfSecret } from "../../ansible/hash";
import { isRecord } from "../../ansible/json";
import { type Diff } from "../../ansible/module";
import { MASK } from "../../ansible/redact";
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
  if (Array.isArray(value)) return value.map((item: unknown) => mask(item));
  if (!isRecord(value)) return value;
  const before = isRecord(old) ? old : {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (!isSecretName(name)) return [name, mask(item, before[name])];
      const isNew = name in before && before[name] !== item;
      return [name, isNew ? `${MASK} (another one)` : MASK];
    }),
  );
}

/** As `mask`, but with a fingerprint, so that another secret can be told from the same. */
export function maskWithFingerprints(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskWithFingerprints);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) ? `${MASK} (${fingerprintOfSecret(item)})` : maskWithFingerprints(item),
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
