import { expect } from "chai";

import { configKeyOf, etcdApiOf, otherApi, subnetsKeyOf } from "../../../src/flannel/etcd-layout";
import { parseVersion } from "../../../src/flannel/version";

describe("flannel's place in etcd", () => {
  const apis: [string, string][] = [
    ["v0.7.0", "v2"],
    ["v0.10.0", "v2"],
    ["v0.17.0", "v2"],
    ["v0.18.0", "v3"],
    ["v0.28.9", "v3"],
  ];
  for (const [version, api] of apis) {
    it(`is read by ${version} through ${api}`, () => {
      expect(etcdApiOf(parseVersion(version))).to.equal(api);
    });
  }

  it("is one of two stores", () => {
    expect([otherApi("v2"), otherApi("v3")]).to.deep.equal(["v3", "v2"]);
  });

  const keys: [string, string, string][] = [
    ["/coreos.com/network", "/coreos.com/network/config", "/coreos.com/network/config"],
    [
      "/kubernetes-cluster/network/",
      "/kubernetes-cluster/network/config",
      "/kubernetes-cluster/network/config",
    ],
    ["//a//b/./c/..", "/a/b/config", "/a/b/config"],
    ["a/b", "/a/b/config", "a/b/config"],
    ["/", "/config", "/config"],
    ["/../..", "/config", "/config"],
    // As Go's path.Join has it: only from the root there is no way up.
    ["../x", "/x/config", "../x/config"],
    ["a/../..", "/config", "../config"],
    ["../../a/..", "/config", "../../config"],
  ];
  for (const [prefix, v2, v3] of keys) {
    it(`with prefix ${prefix} is ${v2} and ${v3}`, () => {
      expect([configKeyOf(prefix, "v2"), configKeyOf(prefix, "v3")]).to.deep.equal([v2, v3]);
      expect(subnetsKeyOf(prefix, "v3")).to.equal(v3.replace(/config$/, "subnets"));
    });
  }
});
