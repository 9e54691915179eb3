import { spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";

import { expect } from "chai";

import { type Site, findNetworkLacks } from "../../../../src/modules/flannel_unit/network-lacks";
import { ofDocument } from "../../../../src/flannel/overlay-network";

const NETWORK = { Network: "10.200.0.0/16" };
const NOWHERE: Site = { flags: [], running: undefined };

function lacksOf(document: object, site: Partial<Site> = {}): readonly string[] {
  return findNetworkLacks(ofDocument({ ...NETWORK, ...document }), { ...NOWHERE, ...site });
}

describe("flannel_unit network lacks", function () {
  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it("are none where no device is needed, or the kernel can make it", () => {
    expect(lacksOf({ Backend: { Type: "host-gw" } })).to.deep.equal([]);
    expect(lacksOf({ Backend: { Type: "vxlan", VNI: 7 } })).to.deep.equal([]);
  });

  it("are devices that this kernel cannot make, as the kernel itself says", () => {
    for (const type of ["ipip", "wireguard"]) {
      const args = ["--net", "ip", "link", "add", "some", "type", type];
      const isKnown = spawnSync("unshare", args).status === 0;
      const expected = isKnown
        ? []
        : [
            `backend ${type}: this kernel has no devices of type ${type} (Unknown device type); load or install its module, or choose another backend`,
          ];
      expect(lacksOf({ Backend: { Type: type } })).to.deep.equal(expected);
    }
  });

  it("are not asked for what the daemon that runs has already", () => {
    const document = { Backend: { Type: "vxlan", VNI: 16_777_215 } };
    const expected =
      "backend vxlan: flannel.16777215: has 16 characters, the kernel takes names of 15 at most; choose a smaller VNI";
    expect(lacksOf(document)).to.deep.equal([expected]);
    const running = ofDocument({ ...NETWORK, ...document });
    expect(lacksOf(document, { running })).to.deep.equal([]);
  });

  it("are programs that are nowhere", () => {
    expect(lacksOf({ Backend: { Type: "ipsec" } })).to.include(
      "backend ipsec: charon: no such program on this host, install it",
    );
  });

  it("are an IPv6 address, of the interface that flannel may use, or of any", () => {
    const dual = { Backend: { Type: "host-gw" }, IPv6Network: "fd00::/48" };
    const iface = (...values: string[]) => values.map((value) => ({ name: "iface", value }));
    expect(lacksOf(dual, { flags: iface("nosuch0") })).to.deep.equal([
      "EnableIPv6: nosuch0: has no IPv6 address; give it one",
    ]);
    const links = Object.entries(networkInterfaces()).filter(([name]) => name !== "lo");
    const v6 = links.find(([, found]) => found?.some(({ family }) => family === "IPv6"));
    const some =
      v6 === undefined
        ? ["EnableIPv6: no interface of this host has an IPv6 address; give it one"]
        : [];
    expect(lacksOf(dual)).to.deep.equal(some);
    const open = [...iface("nosuch0"), { name: "iface-regex", value: "^e" }];
    expect(lacksOf(dual, { flags: open })).to.deep.equal(some);
    if (v6 !== undefined)
      expect(lacksOf(dual, { flags: iface("nosuch0", v6[0]) })).to.deep.equal([]);
  });
});
