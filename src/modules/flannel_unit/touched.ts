// What may have been changed since the daemon was started: files that it reads only then, and drop-ins.

import { tryReadFile } from "../../host/atomic-file";
import { tryChangeTime } from "../../host/proc";
import { type Fingerprints, observeFingerprints } from "./certificate-mark";
import { type Declared } from "./declare";
import { findForeignVariables } from "./foreign-variables";

/** A file, and when it got its content. */
export interface FileChange {
  readonly path: string;
  /** Wall clock, milliseconds; undefined when the file does not exist. */
  readonly changedAtMs: number | undefined;
}

/** What may have been changed since the daemon was started. */
export interface Touched {
  readonly nowMs: number;
  readonly files: readonly FileChange[];
  /** Of the certificates among them, as they are now. */
  readonly certificates: Fingerprints;
  readonly dropIns: readonly FileChange[];
  /** Flag variables that drop-ins and further directives set. */
  readonly foreign: ReadonlySet<string>;
}

/** Looks at the files that the daemon reads only when it starts, and at these drop-ins. */
export function observeTouched(declared: Declared, dropIns: readonly string[]): Touched {
  return {
    nowMs: Date.now(),
    files: readChangeTimes(declared.restartOn),
    certificates: observeFingerprints(declared.flags),
    dropIns: readChangeTimes(dropIns),
    foreign: observeForeignVariables(declared, dropIns),
  };
}

function readChangeTimes(paths: readonly string[]): readonly FileChange[] {
  return paths.map((path) => ({ path, changedAtMs: tryChangeTime(path) }));
}

/** The environment file of this module is not foreign: what it does not hold any more has to go. */
function observeForeignVariables(
  { unit: { head }, environmentPath }: Declared,
  dropIns: readonly string[],
): ReadonlySet<string> {
  const texts = dropIns.map((path) => tryReadFile(path)?.content ?? "");
  return findForeignVariables([head, ...texts], (path) =>
    path.startsWith("/") && path !== environmentPath ? tryReadFile(path)?.content : undefined,
  );
}
