import { once } from "node:events";
import { type AddressInfo, type Server, createServer } from "node:net";

import { expect } from "chai";

import { ConnectError } from "../../../../src/host/connection/connect-error";
import { connectAny, interleave } from "../../../../src/host/connection/tcp";
import { explainNetworkError } from "../../../../src/host/network-errors";

/** Meant for documentation (RFC 5737): nobody answers, or there is no route. */
const NOBODY = "192.0.2.1";

describe("a TCP connection", () => {
  let server: Server;
  let port: number;

  before(async () => {
    server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  const chosen: readonly (readonly [string, readonly string[]])[] = [
    ["the only address", ["127.0.0.1"]],
    ["the family that answers", ["::1", "127.0.0.1"]],
    ["an address behind one that is silent", [NOBODY, "127.0.0.1"]],
    ["an address behind several that are", [NOBODY, "192.0.2.2", "fd00:dead::1", "127.0.0.1"]],
    ["the first of two that answer", ["127.0.0.1", NOBODY]],
  ];
  for (const [what, addresses] of chosen) {
    it(`goes to ${what}`, async () => {
      const started = Date.now();
      const socket = await connectAny(addresses, port, 10_000);
      expect(socket.remoteAddress).to.equal("127.0.0.1");
      expect(Date.now() - started).to.be.below(addresses.length * 250 + 400);
      socket.destroy();
    });
  }

  it("tells what all addresses said", async () => {
    const failure = await connectAny(["127.0.0.1", "::1"], 1, 5_000).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectError).with.property("step", "connect");
    expect(explainNetworkError(failure)).to.include({ name: "connection-refused" });
  });

  it("to nobody ends in time", async () => {
    const started = Date.now();
    const failure = await connectAny([NOBODY, "192.0.2.2"], 1, 700).catch(
      (error: unknown) => error,
    );
    expect(Date.now() - started).to.be.below(1_500);
    expect(explainNetworkError(failure).name).to.be.oneOf([
      "no-answer",
      "no-route",
      "connection-refused",
    ]);
  });

  it("needs an address", async () => {
    const failure = await connectAny([], 1, 700).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConnectError);
  });

  const orders: readonly (readonly [string, string])[] = [
    ["", ""],
    ["4a", "4a"],
    ["6:a 6:b 4a 4b", "6:a 4a 6:b 4b"],
    ["4a 4b 4c 6:a", "4a 6:a 4b 4c"],
    ["4a 6:a 6:b 6:c", "4a 6:a 6:b 6:c"],
  ];
  for (const [given, wanted] of orders) {
    it(`tries the families in turn: ${given || "none"}`, () => {
      const addresses = given.split(" ").filter(Boolean);
      expect(interleave(addresses).join(" ")).to.equal(wanted);
    });
  }
});
