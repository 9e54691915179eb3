// Tries to reach other hosts' echoes: ping, ping and UDP of full size, and TCP with full segments.

import type * as ChildProcess from "node:child_process";
import type * as Crypto from "node:crypto";
import type * as Dgram from "node:dgram";
import type * as Fs from "node:fs";
import type * as Net from "node:net";

import {
  type Load,
  type ProbeOrder,
  type ProbeReport,
  type Probed,
  type Target,
} from "./reach-protocol";

/**
 * The text of this class is a program, as that of EchoServer is: a network namespace can only be entered
 * by a process that is started in it. Every wait is bounded; one target takes twelve seconds at most.
 */
export class Prober {
  readonly #net: typeof Net;
  readonly #dgram: typeof Dgram;
  readonly #fs: typeof Fs;
  readonly #childProcess: typeof ChildProcess;
  readonly #payload: Buffer;

  constructor(
    load: Load,
    private readonly order: ProbeOrder,
  ) {
    this.#net = load("node:net") as typeof Net;
    this.#dgram = load("node:dgram") as typeof Dgram;
    this.#fs = load("node:fs") as typeof Fs;
    this.#childProcess = load("node:child_process") as typeof ChildProcess;
    // Many full segments; noise, so that nothing on the way makes less of it.
    this.#payload = (load("node:crypto") as typeof Crypto).randomBytes(64 * 1024);
  }

  /** Tries all targets, some at a time. */
  async run(): Promise<ProbeReport> {
    const before = this.#checksumErrors();
    const found: Probed[] = [];
    const waiting = [...this.order.targets.entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        found[next[0]] = await this.#probe(next[1]);
      }
    };
    await Promise.all(Array.from({ length: this.order.atOnce }, work));
    return { found, checksumErrors: { before, after: this.#checksumErrors() } };
  }

  async #probe(target: Target): Promise<Probed> {
    const { mtu } = this.order;
    const [pings, udp, { tcp, seenAs, source }] = await Promise.all([
      this.#pings(target),
      this.#udp(target, 64),
      this.#tcp(target),
    ]);
    const isPartial = udp && (pings.fullPing === false || tcp !== "ok");
    const largest = isPartial ? await this.#largest(target) : mtu;
    return { ...pings, udp, tcp, seenAs, source, largest: largest < mtu ? largest : null };
  }

  /** One ping tells all where it is answered. */
  async #pings({ address, own }: Target): Promise<Pick<Probed, "ping" | "fullPing" | "ownPing">> {
    const fullPing = await this.#ping(address, this.order.mtu);
    if (fullPing === true) return { fullPing, ping: true, ownPing: null };
    const [ping, ownPing] = await Promise.all([
      this.#ping(address, undefined),
      own === undefined ? null : this.#ping(own, undefined),
    ]);
    return { fullPing, ping, ownPing };
  }

  /** Whether one of two echo requests is answered, in packets of this size where one is given. */
  #ping(address: string, size: number | undefined): Promise<boolean | null> {
    const headers = address.includes(":") ? 48 : 28;
    const full = size === undefined ? [] : ["-M", "do", "-s", String(size - headers)];
    const args = ["-n", "-c", "2", "-i", "0.3", "-W", "2", ...full, address];
    return new Promise((resolve) => {
      const options = { timeout: 5000, env: { ...process.env, LC_ALL: "C" } };
      this.#childProcess.execFile(this.order.program, args, options, (error, _out, complaint) => {
        if (error === null) resolve(true);
        else if (typeof error.code === "string") resolve(null);
        else resolve(/usage|invalid|unrecognized|permitted|denied/i.test(complaint) ? null : false);
      });
    });
  }

  /** The size of the largest packet that comes back, of the sizes that tunnels leave; 0 for none of them. */
  async #largest(target: Target): Promise<number> {
    const { mtu } = this.order;
    const less = [
      0, 4, 8, 20, 28, 40, 50, 58, 60, 70, 80, 90, 100, 110, 120, 130, 150, 170, 200, 250,
    ];
    const sizes = [...less.map((bytes) => mtu - bytes), 1280, 1200, 1024, 900, 576].filter(
      (size) => size <= mtu && size > 100,
    );
    const came = await Promise.all(sizes.map((size) => this.#udp(target, size)));
    return Math.max(0, ...sizes.filter((_size, index) => came[index]));
  }

  /** Whether a packet of this size comes back; Linux forbids to cut up what fits the interface. */
  #udp({ address, udp_port: port }: Target, size: number): Promise<boolean> {
    const isV6 = address.includes(":");
    const socket = this.#dgram.createSocket(isV6 ? "udp6" : "udp4");
    const message = Buffer.alloc(size - (isV6 ? 48 : 28), 1);
    return new Promise((resolve) => {
      let sent = 0;
      const end = (answer: boolean): void => {
        clearInterval(timer);
        socket.close();
        resolve(answer);
      };
      const send = (): void => {
        if (sent++ === 5) end(false);
        else socket.send(message, port, address, () => undefined);
      };
      const timer = setInterval(send, 400);
      socket.on("error", () => undefined);
      socket.on("message", (answer) => {
        if (answer.length === message.length && answer[0] === 2) end(true);
      });
      send();
    });
  }

  /** Whether the payload comes back as it was sent, and how this side was seen. */
  #tcp({ address: host, port }: Target): Promise<Pick<Probed, "tcp" | "seenAs" | "source">> {
    return new Promise((resolve) => {
      const socket = this.#net.connect({ host, port, timeout: 4000 });
      const parts: Buffer[] = [];
      const state = { isOpen: false, bytes: 0, source: null as string | null };
      const end = (failure: Probed["tcp"] | undefined): void => {
        clearTimeout(limit);
        socket.destroy();
        const { tcp, seenAs } = this.#judge(Buffer.concat(parts));
        resolve({ tcp: failure ?? tcp, seenAs, source: state.source });
      };
      const limit = setTimeout(end, 8000, "stalled");
      socket.on("connect", () => {
        state.isOpen = true;
        state.source = socket.localAddress ?? null;
        socket.write(this.#payload);
      });
      socket.on("timeout", () => {
        end(state.isOpen ? "stalled" : "no_answer");
      });
      socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
        end(state.isOpen ? "stalled" : this.#failureOf(code));
      });
      socket.on("end", () => {
        end("garbled");
      });
      socket.on("data", (data) => {
        parts.push(data);
        state.bytes += data.length;
        if (state.bytes > this.#payload.length && this.#isComplete(parts, state.bytes))
          end(undefined);
      });
    });
  }

  #isComplete(parts: readonly Buffer[], bytes: number): boolean {
    const greeting = parts[0]?.indexOf("\n") ?? -1;
    return greeting < 0 || bytes >= greeting + 1 + this.#payload.length;
  }

  #failureOf(code: string): Probed["tcp"] {
    if (code === "ECONNREFUSED" || code === "ECONNRESET") return "refused";
    return code === "ETIMEDOUT" ? "no_answer" : "unreachable";
  }

  #judge(answer: Buffer): Pick<Probed, "tcp" | "seenAs"> {
    const end = answer.indexOf("\n");
    if (end < 0 || end > 64) return { tcp: "garbled", seenAs: null };
    const isSame = answer.subarray(end + 1).equals(this.#payload);
    return { tcp: isSame ? "ok" : "garbled", seenAs: answer.toString("latin1", 0, end) };
  }

  /** InCsumErrors of this namespace; 0 where the kernel does not tell. */
  #checksumErrors(): number {
    return this.#counter("/proc/net/snmp") + this.#counter("/proc/net/snmp6");
  }

  /** Rows of names and rows of values (snmp), or one name and value a row (snmp6). */
  #counter(path: string): number {
    let text = "";
    try {
      text = this.#fs.readFileSync(path, "utf8");
    } catch {
      return 0; // IPv6 is off
    }
    const single = [...text.matchAll(/^(?:Udp6)InCsumErrors\s+(\d+)$/gm)].map(([, value]) =>
      Number(value),
    );
    const rows = ["Tcp", "Udp"].map((name) => {
      const [names, values] = text.split("\n").filter((line) => line.startsWith(`${name}: `));
      const column = names?.split(" ").indexOf("InCsumErrors") ?? -1;
      return column < 0 ? 0 : Number(values?.split(" ")[column] ?? 0);
    });
    return [...single, ...rows].reduce((sum, value) => sum + value, 0);
  }
}
