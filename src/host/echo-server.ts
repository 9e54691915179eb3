// An echo that other hosts' trials reach for, in a process of its own that outlives the task.

import type * as Dgram from "node:dgram";
import type * as Net from "node:net";

import { type Load, type Serving, type ServedAt } from "./reach-protocol";

/**
 * Serves TCP and UDP until its time is over. The text of this class is the program of the process: with
 * pipelining there is no file on the host. So it uses nothing from outside but what it is given.
 *
 * TCP: the address of the other side on a line, then whatever comes. UDP: what begins with 1, beginning with
 * 2 (an answer is no question, or else two echoes would keep each other busy for ever).
 */
export class EchoServer {
  readonly #net: typeof Net;
  readonly #dgram: typeof Dgram;

  constructor(load: Load) {
    this.#net = load("node:net") as typeof Net;
    this.#dgram = load("node:dgram") as typeof Dgram;
  }

  /** Prints where it serves, as one line of JSON, or why it cannot. */
  async serve({ addresses, lifetimeMs }: Serving): Promise<void> {
    setTimeout(() => {
      process.exit(0);
    }, lifetimeMs);
    for (const signal of ["SIGHUP", "SIGPIPE"]) process.on(signal, () => undefined);
    const say = (answer: object): void => {
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    };
    process.stdout.on("error", () => undefined); // nobody reads any more
    try {
      const served: ServedAt[] = [];
      for (const address of addresses) {
        const port = await this.#listen(address);
        served.push({ address, port, udp_port: await this.#bind(address) });
      }
      say({ served });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    }
  }

  #listen(host: string): Promise<number> {
    const server = this.#net.createServer((peer) => {
      peer.on("error", () => peer.destroy());
      peer.setTimeout(30_000, () => peer.destroy());
      peer.write(`${peer.remoteAddress ?? "?"}\n`);
      peer.pipe(peer);
    });
    return new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen({ host, port: 0 }, () => {
        resolve((server.address() as Net.AddressInfo).port);
      });
    });
  }

  #bind(address: string): Promise<number> {
    const socket = this.#dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("message", (message, { port, address: sender }) => {
      if (message[0] !== 1) return;
      message[0] = 2;
      socket.send(message, port, sender, () => undefined);
    });
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.bind({ address, port: 0 }, () => {
        resolve(socket.address().port);
      });
    });
  }
}
