// A TCP connection to the first of several addresses that takes it (RFC 8305, "happy eyeballs").
// Not Node's autoSelectFamily: it gives up each address but the last after 250 ms, so that one lost
// packet makes a server on a far network unreachable.

import { type Socket, connect } from "node:net";

import { ConnectError } from "./connect-error";

/** The next address is tried beside those before it when these say nothing for so long. */
const HEAD_START_MS = 250;

/** A connected socket. Throws ConnectError; `timeoutMs` is for all addresses together. */
export function connectAny(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    new Race(interleave(addresses), port, timeoutMs, resolve, reject).start();
  });
}

class Race {
  readonly #waiting: string[];
  readonly #running = new Set<Socket>();
  readonly #errors: Error[] = [];
  #headStart: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;

  constructor(
    addresses: readonly string[],
    private readonly port: number,
    private readonly timeoutMs: number,
    private readonly resolve: (socket: Socket) => void,
    private readonly reject: (error: ConnectError) => void,
  ) {
    this.#waiting = [...addresses];
  }

  start(): void {
    this.#limit = setTimeout(() => {
      this.#fail(undefined);
    }, this.timeoutMs);
    this.#startNext();
  }

  #startNext(): void {
    clearTimeout(this.#headStart);
    const host = this.#waiting.shift();
    if (host === undefined) {
      if (this.#running.size === 0) this.#fail(new AggregateError(this.#errors));
      return;
    }
    const socket = connect({ host, port: this.port });
    this.#running.add(socket);
    socket.once("connect", () => {
      this.#win(socket);
    });
    socket.on("error", (error) => {
      // Later ones are told to whoever uses the connection.
      if (!this.#running.delete(socket)) return;
      this.#errors.push(error);
      this.#startNext();
    });
    this.#headStart = setTimeout(() => {
      this.#startNext();
    }, HEAD_START_MS);
  }

  #win(socket: Socket): void {
    this.#running.delete(socket);
    this.#end();
    this.resolve(socket);
  }

  #fail(cause: AggregateError | undefined): void {
    this.#end();
    this.reject(new ConnectError("connect", this.timeoutMs, cause));
  }

  #end(): void {
    clearTimeout(this.#headStart);
    clearTimeout(this.#limit);
    const losers = [...this.#running];
    this.#running.clear();
    for (const socket of losers) socket.destroy();
    this.#waiting.length = 0;
  }
}

/** One address of each family in turn, beginning with that of the first: one family may be dead. */
export function interleave(addresses: readonly string[]): readonly string[] {
  const [first = ""] = addresses;
  const isFirstKind = (address: string): boolean => address.includes(":") === first.includes(":");
  const ours = addresses.filter(isFirstKind);
  const others = addresses.filter((address) => !isFirstKind(address));
  const pairs = ours.flatMap((address, index) => [address, ...others.slice(index, index + 1)]);
  return [...pairs, ...others.slice(ours.length)];
}
