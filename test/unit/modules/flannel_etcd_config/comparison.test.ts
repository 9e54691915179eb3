import { expect } from "chai";

import { readNetworkText } from "../../../../src/flannel/network-config";
import { parseVersion } from "../../../../src/flannel/version";
import { compare, describeAll } from "../../../../src/modules/flannel_etcd_config/comparison";
import { type StoredConfig } from "../../../../src/modules/flannel_etcd_config/observe";

const READER = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };
const stored = (value: string): StoredConfig => ({
  value,
  revision: 1,
  reading: readNetworkText(value, READER),
});
const VXLAN = stored('{"Network": "10.200.0.0/16", "Backend": {"Type": "vxlan"}}');
const SAME = stored('{"Backend": {"Type": "vxlan", "VNI": 1}, "Network": "10.200.0.0/16"}');
const HOST_GW = stored('{"Network": "10.200.0.0/16", "Backend": {"Type": "host-gw"}}');
const UNUSABLE = stored('{"Network": "10.200.0.0"}');

describe("the configuration in etcd beside the declared one", () => {
  const wanted = VXLAN.reading.config;

  it("is no other one for being written in another way", () => {
    expect(compare(SAME, wanted)).to.deep.equal([]);
  });

  it("differs by what flannel would do", () => {
    expect(compare(HOST_GW, wanted).map(({ key }) => key)).to.deep.equal(["Backend.Type"]);
    expect(describeAll(HOST_GW, wanted)).to.equal(
      "the configuration in etcd differs: Backend.Type is host-gw, expected vxlan",
    );
  });

  it("differs as a whole where flannel cannot use it", () => {
    expect(compare(UNUSABLE, wanted)).to.have.length(1);
    expect(describeAll(UNUSABLE, wanted)).to.match(/^flannel cannot use .*\(Network: .*\)$/);
  });

  it("is not compared where one of them is missing", () => {
    expect(compare(undefined, wanted)).to.deep.equal([]);
    expect(compare(VXLAN, undefined)).to.deep.equal([]);
  });
});
