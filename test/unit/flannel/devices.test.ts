import { expect } from "chai";

import { devicesOf, isFlannelDevice } from "../../../src/flannel/devices";
import { type OverlayNetwork } from "../../../src/flannel/overlay-network";

type Networks = OverlayNetwork["networks"];

const IPV4: Networks = { network: "10.0.0.0/8" };
const IPV6: Networks = { ipv6Network: "fd00::/48" };
const DUAL: Networks = { ...IPV4, ...IPV6 };

describe("flannel devices", () => {
  const cases: [object, Networks, string[]][] = [
    [{ Type: "vxlan" }, IPV4, ["flannel.1"]],
    [{ Type: "VXLAN", VNI: 7 }, DUAL, ["flannel.7", "flannel-v6.7"]],
    [{ Type: "vxlan", VNI: "7" }, IPV4, ["flannel.7"]],
    [{ Type: "vxlan", VNI: null }, IPV4, ["flannel.1"]],
    [{ Type: "vxlan", VNI: 0 }, IPV4, ["flannel.0"]],
    [{ Type: "vxlan" }, IPV6, ["flannel-v6.1"]],
    [{ Type: "vxlan" }, {}, ["flannel.1"]],
    [{ Type: "wireguard" }, DUAL, ["flannel-wg", "flannel-wg-v6"]],
    [{ Type: "wireguard", Mode: "separate" }, DUAL, ["flannel-wg", "flannel-wg-v6"]],
    [{ Type: "wireguard", Mode: "auto" }, DUAL, ["flannel-wg"]],
    [{ Type: "udp" }, IPV4, ["flannel0"]],
    [{ Type: "ipip" }, IPV4, ["flannel.ipip"]],
    [{ Type: "host-gw" }, IPV4, []],
    [{ Type: "ipsec" }, IPV4, []],
    [{}, IPV4, []],
  ];
  for (const [backend, networks, expected] of cases) {
    it(`of ${JSON.stringify(backend)} in ${Object.keys(networks).join(" and ") || "no network"} are ${expected.join(", ") || "none"}`, () => {
      expect(devicesOf({ backend, networks })).to.deep.equal(expected);
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
