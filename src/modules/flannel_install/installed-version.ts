// Which release an installed binary is. Its digest tells it as far as a digest is known: a file is
// only run when nothing else tells, nobody but root could have written it, and this host can run it.

import { type FlannelVersion, satisfies, tryParseVersion } from "../../flannel/version";
import { type Cpu } from "./cpu";
import { type ExpectedDigest, isExpected } from "./expected-digest";
import { type InstalledBinary, type InstalledProgram, unlessGone } from "./inspect";
import { type Origins, tryFindOrigin } from "./origin";
import { findReleaseFault } from "./release-file";
import { askVersion, canRun } from "./runnable";
import { type Source } from "./source";

/** What there is to know a version by. */
export interface Knowledge {
  readonly origins: Origins;
  readonly digest: ExpectedDigest;
  /** Undefined: nothing is to be installed. */
  readonly source: Source | undefined;
  readonly cpu: Cpu;
}

/** What was written down of a file with this digest. */
export function recordedVersion(
  program: Pick<InstalledProgram, "sha256"> | undefined,
  origins: Origins,
): FlannelVersion | undefined {
  return program && tryParseVersion(tryFindOrigin(origins, program.sha256)?.version ?? "");
}

/** Undefined when nothing tells it; that of a file which is not to be run is unknown. */
export async function findInstalledVersion(
  path: string,
  program: InstalledProgram,
  knowledge: Knowledge,
): Promise<FlannelVersion | undefined> {
  const { origins, digest, source, cpu } = knowledge;
  const recorded = recordedVersion(program, origins);
  if (recorded !== undefined || source === undefined) return recorded;
  const expected = isExpected(program, origins, digest);
  if (expected === false) return undefined;
  if (expected === true) {
    // A digest may be declared that is not of the declared version.
    const bare = { ...source, withScript: false };
    const fault = unlessGone(async () => (await findReleaseFault(path, bare)) ?? "");
    return (await fault) === "" ? source.version : undefined;
  }
  if (program.arch !== source.arch || program.distrust !== undefined) return undefined;
  const isRunnable = await unlessGone(() => canRun(path, source.arch, cpu));
  return isRunnable === true ? tryAskVersion(path, source) : undefined;
}

/** Whether nothing has to be installed: it is the release, for the CPU, and the file that is expected. */
export function isRightBinary(
  binary: InstalledBinary | undefined,
  { version, arch }: Source,
  origins: Origins,
  digest: ExpectedDigest,
): boolean {
  return (
    binary?.version !== undefined &&
    satisfies(binary.version, version) &&
    binary.arch === arch &&
    isExpected(binary, origins, digest) !== false
  );
}

function tryAskVersion(path: string, { program, version }: Source): FlannelVersion | undefined {
  try {
    const told = program.findVersion(askVersion(path, program), version);
    return told === "unnumbered" ? undefined : told;
  } catch {
    return undefined;
  }
}
