// What the daemon's certificates were when it was started: the process carries their fingerprints, so that a
// file that was only touched, or written again as it was, is no reason for a restart. A fingerprint of 32 bit
// gives nothing of a key away that would help to guess it, so it may stand in the unit.

import { readFileSync } from "node:fs";

import { MASK } from "../../base/secrets";
import { fingerprintOfBytes } from "../../base/hash";
import { type FlagValue, filesOf } from "../../flannel/flags";

/** Environment variable of the daemon with the fingerprints: "etcd-cafile=0123abcd etcd-certfile=...". */
export const CERTIFICATES_VARIABLE = "ANSIBLE_FLANNEL_CERTIFICATES";

/** Fingerprints by path. */
export type Fingerprints = ReadonlyMap<string, string>;

/** The flags of the daemon, and the paths at which a real run has another file by now. */
interface Start {
  readonly flags: readonly FlagValue[];
  readonly replaced: ReadonlySet<string>;
}

/** In place of a fingerprint, of a file that a real run has replaced by now. */
const NEW = "new";

/** Reads the certificates that the flags name; those that cannot be read are left out. */
export function observeFingerprints(flags: readonly FlagValue[]): Fingerprints {
  return new Map(
    certificatesOf(flags).flatMap(({ value: path }) => {
      const fingerprint = tryFingerprint(path);
      return fingerprint === undefined ? [] : [[path, fingerprint] as const];
    }),
  );
}

/** The words for a process that is started now; "" where it has no certificates. */
export function certificateMarkOf({ flags, replaced }: Start, fingerprints: Fingerprints): string {
  return certificatesOf(flags)
    .flatMap(({ name, value: path }) => {
      const fingerprint = replaced.has(path) ? NEW : fingerprints.get(path);
      return fingerprint === undefined ? [] : [`${name}=${fingerprint}`];
    })
    .join(" ");
}

/** The fingerprints that a process carries, by the paths of the flags. */
export function fingerprintsOfProcess(
  flags: readonly FlagValue[],
  variables: ReadonlyMap<string, string> = new Map(),
): Fingerprints {
  const words = (variables.get(CERTIFICATES_VARIABLE) ?? "").split(" ");
  return new Map(
    certificatesOf(flags).flatMap(({ name, value: path }) => {
      const word = words.find((candidate) => candidate.startsWith(`${name}=`));
      return word === undefined ? [] : [[path, word.slice(name.length + 1)] as const];
    }),
  );
}

/** A unit file's text for a diff: check mode does not know the fingerprint of what the real run has brought. */
export function hideFingerprints(text: string): string {
  const line = new RegExp(`^(Environment="?${CERTIFICATES_VARIABLE}=).*$`, "m");
  return text.replace(line, `$1${MASK}`);
}

/** The other files may hold passwords, of which a fingerprint would let one be guessed. */
function certificatesOf(flags: readonly FlagValue[]): readonly FlagValue[] {
  return filesOf(flags).filter(({ name }) => name.startsWith("etcd-"));
}

function tryFingerprint(path: string): string | undefined {
  try {
    return fingerprintOfBytes(readFileSync(path));
  } catch {
    return undefined; // who needs the file says what is wrong with it
  }
}
