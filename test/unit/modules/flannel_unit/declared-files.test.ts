import { expect } from "chai";

import { declaredBy } from "../../../support/flannel-unit";

const CNI = "/etc/cni/net.d/10-flannel.conflist";
const NET_CONF = "/etc/flannel/net-conf.json";
const KUBE = {
  flannel_version: "v0.28.9",
  settings: { "kube-subnet-mgr": true },
  network_config: { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } },
};
const BOTH = { net_conf_path: NET_CONF, cni_conf_path: CNI, cni_conf: { name: "cni0" } };

describe("the files that flannel_unit declares", () => {
  const cases: [string, Record<string, unknown>, Record<string, boolean>][] = [
    ["none without a path", {}, {}],
    ["the CNI configuration", { cni_conf_path: CNI, cni_conf: "{}" }, { [CNI]: true }],
    ["none for a path alone", { cni_conf_path: CNI }, {}],
    ["both with kube-subnet-mgr", { ...KUBE, ...BOTH }, { [NET_CONF]: true, [CNI]: true }],
    ["no network configuration without it", BOTH, { [CNI]: true }],
    [
      "the network configuration alone, without a word on kube-subnet-mgr",
      { ...KUBE, ...BOTH, settings: {}, state: "present", only: "network" },
      { [NET_CONF]: true },
    ],
    ["the CNI configuration alone", { ...BOTH, state: "present", only: "cni" }, { [CNI]: true }],
    ["both to be removed", { ...BOTH, state: "absent" }, { [NET_CONF]: false, [CNI]: false }],
  ];
  for (const [what, given, expected] of cases) {
    it(`are ${what}`, () => {
      const files = declaredBy(given).confFiles;
      const found = files.map(({ path, content }) => [path, content !== undefined] as const);
      expect(Object.fromEntries(found)).to.deep.equal(expected);
    });
  }

  it("need a path", () => {
    expect(() => declaredBy({ cni_conf: {} })).to.throw("cni_conf: also needs cni_conf_path");
  });

  for (const given of [{ state: "present" }, { only: "cni", ...BOTH }]) {
    it(`are not known for ${JSON.stringify(given)}`, () => {
      expect(() => declaredBy(given)).to.throw("only: use it with state: present");
    });
  }
});
