import { expect } from "chai";

import { backendPortsOf } from "../../../src/flannel/backend-ports";
import { ofDocument } from "../../../src/flannel/overlay-network";

const DUAL = { Network: "10.200.0.0/16", IPv6Network: "fd00:200::/48" };

function portsOf(backend: Readonly<Record<string, unknown>>, document: object = {}): string {
  return backendPortsOf(ofDocument({ ...document, Backend: backend }))
    .map(({ port, setting, device }) => `${setting} ${port} ${device}`)
    .join(", ");
}

describe("the UDP ports of backends", () => {
  const rows: [Readonly<Record<string, unknown>>, object, string][] = [
    [{ Type: "vxlan" }, {}, "Port 8472 flannel.1"],
    [{ Type: "VXLAN", Port: 4789, VNI: "7" }, {}, "Port 4789 flannel.7"],
    [{ Type: "vxlan", Port: "0" }, {}, "Port 8472 flannel.1"],
    [{ Type: "udp" }, {}, "Port 8285 flannel0"],
    [{ Type: "wireguard" }, {}, "ListenPort 51820 flannel-wg"],
    [
      { Type: "wireguard", ListenPort: 5000 },
      DUAL,
      "ListenPort 5000 flannel-wg, ListenPortV6 51821 flannel-wg-v6",
    ],
    [{ Type: "wireguard", Mode: "auto" }, DUAL, "ListenPort 51820 flannel-wg"],
    [{ Type: "wireguard" }, { IPv6Network: "fd00:200::/48" }, "ListenPortV6 51821 flannel-wg-v6"],
    [{ Type: "host-gw" }, {}, ""],
    [{}, {}, ""],
  ];
  for (const [backend, document, ports] of rows) {
    it(`${JSON.stringify(backend)} ${JSON.stringify(document)}: ${ports}`, () => {
      expect(portsOf(backend, document)).to.equal(ports);
    });
  }
});
