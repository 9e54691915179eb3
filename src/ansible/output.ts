// The only place that prints.

import { writeSync } from "node:fs";

import { sleepBlocking } from "./blocking";
import { systemCodeOf } from "../base/errors";
import { toAsciiJson } from "../base/json";

/** Writes the result as one line to standard output, whole, even into a full pipe. */
export function printResult(result: Readonly<Record<string, unknown>>): void {
  const bytes = Buffer.from(`${toAsciiJson(result)}\n`, "ascii");
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(1, bytes, offset);
    } catch (error) {
      // A pipe that is full for now; process.stdout.write plus exit would cut it at 64 KiB.
      if (systemCodeOf(error) !== "EAGAIN") throw error;
      sleepBlocking(5);
    }
  }
}
