// What the kernel offers, asked where it does no harm: in a network namespace that is gone with the command.

import { ModuleError } from "../base/errors";
import { tryAskProgram } from "./programs";

const TIMEOUT_MS = 10_000;

/** What the kernel says where it has no such thing; anything else may be meant for this process alone. */
const REFUSALS =
  /Unknown device type|(?:Operation|Protocol|Address family) not supported|^open: No such (?:device|file)/i;

/** The kernel's words when it does not know what a command asks for; undefined: it does, or cannot be asked. */
export function tryFindRefusal(command: readonly string[]): string | undefined {
  const answer = tryAsk(command);
  if (answer === undefined || answer.exitCode === 0) return undefined;
  const line = answer.stderr.split("\n").find((words) => REFUSALS.test(words));
  return line?.replace(/^(?:RTNETLINK answers|Error): /, "").replace(/\.?\s*$/, "");
}

/** Undefined also where it gives no answer: a kernel that loads a module may take its time. */
function tryAsk(command: readonly string[]): ReturnType<typeof tryAskProgram> {
  try {
    return tryAskProgram("unshare", ["--net", ...command], TIMEOUT_MS);
  } catch (error) {
    if (error instanceof ModuleError) return undefined;
    throw error;
  }
}
