import { expect } from "chai";

import { devicesOf, isFlannelDevice } from "../../../src/flannel/devices";

const IPV4 = { ipv4: true, ipv6: false };
const DUAL = { ipv4: true, ipv6: true };

describe("flannel devices", () => {
  const cases: [object, typeof DUAL, string[]][] = [
    [{ Type: "vxlan" }, IPV4, ["flannel.1"]],
    [{ Type: "VXLAN", VNI: 7 }, DUAL, ["flannel.7", "flannel-v6.7"]],
    [{ Type: "vxlan", VNI: "7" }, IPV4, ["flannel.7"]],
    [{ Type: "vxlan", VNI: null }, IPV4, ["flannel.1"]],
    [{ Type: "vxlan" }, { ipv4: false, ipv6: true }, ["flannel-v6.1"]],
    [{ Type: "wireguard" }, DUAL, ["flannel-wg", "flannel-wg-v6"]],
    [{ Type: "wireguard", Mode: "auto" }, DUAL, ["flannel-wg"]],
    [{ Type: "udp" }, IPV4, ["flannel0"]],
    [{ Type: "ipip" }, IPV4, ["flannel.ipip"]],
    [{ Type: "host-gw" }, IPV4, []],
    [{ Type: "ipsec" }, IPV4, []],
    [{}, IPV4, []],
  ];
  for (const [backend, families, expected] of cases) {
    it(`of ${JSON.stringify(backend)} are ${expected.join(", ") || "none"}`, () => {
      expect(devicesOf(backend, families)).to.deep.equal(expected);
      // What the backend makes, the purge must know.
      expect(expected.every(isFlannelDevice)).to.equal(true);
    });
  }

  it("are not other people's devices", () => {
    for (const name of [
      "eth0",
      "cni0",
      "flannel",
      "flannel-x",
      "my-flannel.1",
      "flannel.1.2",
      "wg0",
    ]) {
      expect(isFlannelDevice(name), name).to.equal(false);
    }
  });
});
