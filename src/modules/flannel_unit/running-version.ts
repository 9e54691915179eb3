// Which release runs: asked of the program file that the process has, whatever is at its path by now.

import { type FlannelVersion, findVersion } from "../../flannel/version";
import { type CommandResult, askProgram } from "../../host/programs";

const TIMEOUT_MS = 10_000;

/** The release of a running flanneld; undefined when it does not tell. */
export function tryAskRunningVersion(pid: number): FlannelVersion | undefined {
  const answer = tryAsk(`/proc/${pid}/exe`);
  return answer === undefined ? undefined : findVersion(answer);
}

function tryAsk(program: string): CommandResult | undefined {
  try {
    return askProgram(program, ["--version"], TIMEOUT_MS);
  } catch {
    return undefined; // it has ended meanwhile, or is something else than it seems
  }
}
