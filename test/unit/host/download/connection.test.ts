import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";

import { expect } from "chai";

import { openConnection } from "../../../../src/host/download/connection";

const TLS = { validateCerts: true, caFile: undefined, clientCertificate: undefined };

/** Connects to a server that treats its first client so, and returns how that ends. */
async function failureAt(behave: (socket: Socket) => void): Promise<unknown> {
  const server = createServer(behave).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = new URL(`https://127.0.0.1:${port}/x`);
  try {
    return await openConnection(url, undefined, TLS, 300).catch((error: unknown) => error);
  } finally {
    server.close();
  }
}

describe("a connection for a download", () => {
  it("that is cut while TLS is agreed on is told so, and may be tried again", async () => {
    const failure = await failureAt((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    expect(failure).to.include({ code: "tls", retryable: true });
    expect(failure).to.have.property("message").that.includes("cut during the TLS handshake");
  });

  it("to a server that speaks something else says which mistake that is", async () => {
    const failure = await failureAt((socket) => socket.end("220 mail.example ESMTP\r\n"));
    expect(failure).to.include({ code: "tls", retryable: false });
    expect(failure).to.have.property("message").that.includes("is it http:// instead of https://?");
  });

  it("to a server that never answers ends in time", async () => {
    const failure = await failureAt((socket) => socket.on("data", () => undefined).unref());
    expect(failure).to.include({ code: "timeout", retryable: true });
    expect(failure).to.have.property("message").that.includes("no TLS handshake within 0.3 s");
  });
});
