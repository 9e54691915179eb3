import { expect } from "chai";

import { findLacks } from "../../../../src/modules/flannel_unit/lacks";

const PRESENT = __filename;

function lacksOf(
  settings: Readonly<Record<string, string>>,
  binary = PRESENT,
  brought: readonly string[] = [],
): readonly string[] {
  const flags = Object.entries(settings).map(([name, value]) => ({ name, value }));
  return findLacks({ binary, flags, brought: new Set(brought) }).map(({ message }) => message);
}

describe("flannel_unit lacks", () => {
  const nothing: [string, Record<string, string>][] = [
    ["a file that is there", { "etcd-cafile": PRESENT }],
    ["a file that is not named", { "etcd-cafile": "" }],
    ["an interface", { iface: "lo" }],
    ["an address of an interface", { iface: "127.0.0.1" }],
    ["a pattern beside an interface", { iface: "nosuch0", "iface-regex": "^e" }],
    ["a file that only kube-subnet-mgr reads", { "kubeconfig-file": "/nowhere" }],
    [
      "a file that kube-subnet-mgr does not read",
      { "kube-subnet-mgr": "true", "etcd-cafile": "/nowhere" },
    ],
  ];
  for (const [what, settings] of nothing) {
    it(`are none with ${what}`, () => {
      expect(lacksOf(settings)).to.deep.equal([]);
    });
  }

  const lacks: [Record<string, string>, string][] = [
    [{ "etcd-cafile": "/nowhere" }, "settings: etcd-cafile: /nowhere: no such file on this host"],
    [{ iface: "nosuch0" }, "settings: iface: nosuch0: no such interface or address on this host"],
    [{ iface: "192.0.2.77" }, "settings: iface: 192.0.2.77: no such interface or address"],
    [
      { "kube-subnet-mgr": "true", "net-config-path": "/nowhere" },
      "settings: net-config-path: /nowhere: no such file",
    ],
  ];
  for (const [settings, sentence] of lacks) {
    it(`of ${JSON.stringify(settings)} are told`, () => {
      expect(lacksOf(settings)).to.have.length(1);
      expect(lacksOf(settings)[0]).to.contain(sentence);
    });
  }

  it("begin with the program", () => {
    expect(lacksOf({}, "/nowhere/flanneld")).to.deep.equal([
      "binary: /nowhere/flanneld: does not exist, install it first (flannel_install)",
    ]);
  });

  it("are none of what is brought before the start", () => {
    const brought = ["/nowhere/flanneld", "/nowhere/ca.pem"];
    expect(
      lacksOf({ "etcd-cafile": "/nowhere/ca.pem" }, "/nowhere/flanneld", brought),
    ).to.deep.equal([]);
  });
});
