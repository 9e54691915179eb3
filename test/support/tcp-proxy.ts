// A TCP proxy on loopback that can hold requests back and cut answers.

import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

export interface ProxyHooks {
  /** Sees each piece a client sends before it is passed on; may wait, or return false to cut. */
  readonly onRequest?: (text: string) => Promise<boolean> | boolean;
  /** How many bytes of an answer may pass; asked for each piece a client sends. */
  readonly answerLimit?: (text: string) => number | undefined;
  /** Called when an answer has come that must not pass as a whole, before the cut. */
  readonly onAnswerCut?: () => Promise<void> | void;
}

export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  /** Bytes that came back after the last limited request, passed on or not. */
  answerBytes = 0;

  private constructor(private readonly server: Server) {}

  static async start(targetPort: number, hooks: ProxyHooks = {}): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => {
      proxy.#join(client, connect(targetPort, "127.0.0.1"), hooks);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client: Socket, target: Socket, hooks: ProxyHooks): void {
    let limit: number | undefined;
    const cut = (): void => {
      client.resetAndDestroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", cut);
    }
    client.on("data", (piece) => {
      const text = piece.toString("latin1");
      void Promise.resolve(hooks.onRequest?.(text) ?? true).then((passes) => {
        if (!passes) {
          cut();
          return;
        }
        limit = hooks.answerLimit?.(text);
        if (limit !== undefined) this.answerBytes = 0;
        target.write(piece);
      });
    });
    target.on("data", (piece) => {
      if (limit === undefined) {
        client.write(piece);
        return;
      }
      const room = limit - this.answerBytes;
      this.answerBytes += piece.length;
      if (room > piece.length) {
        client.write(piece);
        return;
      }
      target.pause();
      void Promise.resolve(hooks.onAnswerCut?.()).then(() => {
        if (room <= 0) cut();
        else client.write(piece.subarray(0, room), cut);
      });
    });
  }
}

/** A server that takes connections and never says a word. */
export async function startSilentServer(): Promise<{
  endpoint: string;
  stop: () => Promise<void>;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
