// Host names to addresses, as the system resolves them, with a clock of their own. Node.js asks the
// resolver in a thread that nothing can stop, and the end of a process waits for it, however many
// dead nameservers and search domains there are. So a program is asked instead, which can be killed.

import { isIP } from "node:net";

import { systemCodeOf } from "../../base/errors";
import { monotonicMs } from "../clock";
import { ConnectError } from "./connect-error";

/** What a nameserver has not said by then, it says to nobody; only the reason depends on it. */
const REASON_LIMIT_MS = 1_000;

/** The addresses of a host, the best first. Throws ConnectError. */
export async function resolveHost(host: string, timeoutMs: number): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const started = monotonicMs();
  try {
    const found = await askSystem(host, timeoutMs);
    if (found.length > 0) return found;
    const restMs = Math.max(1, timeoutMs - (monotonicMs() - started));
    return await askNameserver(host, Math.min(restMs, REASON_LIMIT_MS));
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    // c-ares calls silence so; how long it waited is nobody's matter.
    const cause = systemCodeOf(error) === "ETIMEOUT" ? undefined : error;
    throw new ConnectError("resolve", monotonicMs() - started, cause);
  }
}

/** What `getent` says, which asks as all programs of the host do; nothing where no name is found. */
async function askSystem(host: string, timeoutMs: number): Promise<readonly string[]> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const limit = { timeout: Math.ceil(timeoutMs), killSignal: "SIGKILL", cwd: "/" } as const;
    execFile("getent", ["ahosts", "--", host], limit, (error, stdout) => {
      if (error === null) resolve(addressesIn(stdout));
      else if (error.killed === true) reject(new ConnectError("resolve", timeoutMs));
      else if (typeof error.code === "number") resolve([]);
      else askOwnThread(host).then(resolve, reject);
    });
  });
}

/** Where there is no `getent`. */
async function askOwnThread(host: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}

/** `getent` does not say why it has found nothing; c-ares does, and can be told to stop. */
async function askNameserver(host: string, timeoutMs: number): Promise<readonly string[]> {
  const { Resolver } = await import("node:dns/promises");
  return new Resolver({ timeout: Math.ceil(timeoutMs), tries: 1 }).resolve4(host);
}

/** "10.8.0.101 STREAM etcd1": one line for each address and kind of socket. */
function addressesIn(output: string): readonly string[] {
  const words = output.split("\n").map((line) => line.split(/\s/)[0] ?? "");
  return [...new Set(words.filter((word) => isIP(word.replace(/%.*/, "")) !== 0))];
}
