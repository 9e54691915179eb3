import { spawnSync } from "node:child_process";

import { expect } from "chai";

import { findNetworkLacks } from "../../../../src/modules/flannel_unit/network-lacks";
import { ofDocument } from "../../../../src/flannel/overlay-network";

const NETWORK = { Network: "10.200.0.0/16" };

function lacksOf(document: object, running?: object): readonly string[] {
  const read = (more: object) => ofDocument({ ...NETWORK, ...more });
  return findNetworkLacks(read(document), running && read(running));
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
      "backend vxlan: flannel.16777215: has 16 characters, the kernel allows 15 at most; choose a smaller VNI";
    expect(lacksOf(document)).to.deep.equal([expected]);
    expect(lacksOf(document, document)).to.deep.equal([]);
  });

  it("are programs that are nowhere", () => {
    expect(lacksOf({ Backend: { Type: "ipsec" } })).to.include(
      "backend ipsec: charon: no such program on this host, install it",
    );
  });
});
