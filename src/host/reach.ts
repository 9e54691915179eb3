// Tries other hosts' echoes from a place on this host, in a process that is started there.

import { ModuleError } from "../base/errors";
import { tryParseRecord } from "../base/json";
import { commandIn, programOf } from "./echo";
import { Prober } from "./prober";
import { runCommand } from "./programs";
import { type ProbeOrder, type ProbeReport, type Target } from "./reach-protocol";

const AT_ONCE = 48;
/** No target takes longer (prober.ts), on a host that has something else to do, too. */
const TARGET_MS = 15_000;
const START_MS = 20_000;

/**
 * Tries all targets, some at a time, in bounded time. `targets` may be hundreds: the order goes in on
 * standard input. Throws ModuleError `host` when the process cannot be started.
 */
export async function probe(
  place: "pod" | "host",
  targets: readonly Target[],
  mtu: number,
): Promise<ProbeReport> {
  const order: ProbeOrder = { targets, mtu, atOnce: AT_ONCE, program: "ping" };
  const text =
    `new (${Prober.toString()})(require, JSON.parse(require("fs").readFileSync(0, "utf8")))` +
    `.run().then((report) => console.log(JSON.stringify(report)))`;
  const [file = "", ...args] = commandIn(place, programOf(text, "flannel_overlay-probe", {}));
  const timeoutMs = START_MS + Math.ceil(targets.length / AT_ONCE) * TARGET_MS;
  const { stdout, stderr } = await runCommand(file, args, {
    timeoutMs,
    input: JSON.stringify(order),
  });
  const report = tryParseRecord(stdout);
  if (report !== undefined) return report as unknown as ProbeReport;
  throw new ModuleError("host", `cannot try the overlay: ${stderr.trim().slice(-500)}`);
}
