import { createSocket } from "node:dgram";
import { once } from "node:events";

import { expect } from "chai";

import { listUdpSockets, parseUdpTable, tryFindOwner } from "../../../src/host/udp-sockets";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   12: 00000000:2118 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0000000000000000 0
  831: 0100007F:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 31337 2 0000000000000000 0
  900: 00000000000000000000000001000000:2055 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 42 2 0000000000000000 0
`;

describe("UDP sockets", () => {
  it("are read from the kernel's tables of both families", () => {
    expect(parseUdpTable(TABLE)).to.deep.equal([
      { port: 8472, inode: 0 },
      { port: 51820, inode: 31337 },
      { port: 8277, inode: 42 },
    ]);
  });

  it("are found, with who has them", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    try {
      const { port } = socket.address();
      const found = listUdpSockets().find((one) => one.port === port);
      expect(found?.inode).to.be.greaterThan(0);
      expect(tryFindOwner(found?.inode ?? 0)).to.contain(`(process ${process.pid})`);
    } finally {
      socket.close();
    }
  });

  it("have no owner when they are gone", () => {
    expect(tryFindOwner(1)).to.equal(undefined);
  });
});
