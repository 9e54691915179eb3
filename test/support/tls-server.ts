// A TLS server on loopback that answers every request with "{}".

import { createServer } from "node:https";
import { type AddressInfo } from "node:net";

import { type Certificates } from "./certificates";

/** Starts it with this certificate of `files`. */
export async function startTlsServer(
  files: Certificates,
  name: string,
): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const server = createServer(files.material(name), (_, response) => response.end("{}"));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
