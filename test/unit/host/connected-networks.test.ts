import { endianness } from "node:os";

import { expect } from "chai";

import { connectedNetworksOf, parseRoutes, readRoutes } from "../../../src/host/connected-networks";

const HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** As the kernel prints the bytes of an address: as one number of this machine. */
function hex(...bytes: readonly number[]): string {
  const ordered = endianness() === "LE" ? [...bytes].reverse() : bytes;
  return ordered.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
}

function route(device: string, to: string, flags: string, mask: string): string {
  return [device, to, hex(0, 0, 0, 0), flags, "0", "0", "0", mask, "0", "0", "0"].join("\t");
}

describe("the networks a device is connected to", () => {
  const table = [
    HEAD,
    route("cni0", hex(10, 200, 7, 0), "0001", hex(255, 255, 255, 0)),
    route("cni0", hex(10, 200, 128, 0), "0003", hex(255, 255, 128, 0)),
    route("eth0", hex(0, 0, 0, 0), "0003", hex(0, 0, 0, 0)),
    route("*", hex(10, 200, 9, 0), "0201", hex(255, 255, 255, 0)),
    "nonsense",
  ].join("\n");

  it("are those of its routes without a gateway", () => {
    expect(parseRoutes(table, "cni0")).to.deep.equal(["10.200.7.0/24"]);
  });

  it("are routed to with those behind gateways, but for what is unreachable", () => {
    expect(readRoutes(table).map(({ network }) => network)).to.deep.equal([
      "10.200.7.0/24",
      "10.200.128.0/17",
      "0.0.0.0/0",
    ]);
  });

  it("are none of a device that is not there", () => {
    expect(parseRoutes(table, "cni1")).to.deep.equal([]);
    expect(connectedNetworksOf("nosuch0")).to.deep.equal([]);
  });
});
