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

  describe("of certificates that the play does not bring", () => {
    const certificates = { directory: "/nowhere/", names: ["ca-etcd.pem", "cert-etcd-peer.pem"] };
    const find = (path: string, given = certificates) => {
      const flags = [{ name: "etcd-certfile", value: path }];
      return findLacks({ binary: PRESENT, flags, brought: new Set(), certificates: given });
    };

    it("are told before anything is touched, with the way out", () => {
      const [lack] = find("/nowhere/cert-etcd.pem");
      expect(lack).to.include({ isVital: true, isBroughtLater: false });
      expect(lack?.message)
        .to.contain("settings: etcd-certfile: /nowhere/cert-etcd.pem: no such file on this host")
        .and.contain("etcd_certificates does not bring it (ca-etcd.pem, cert-etcd-peer.pem)")
        .and.contain("etcd_additional_clients: [k8s-apiserver-etcd, flannel]");
    });

    it("are none of those that it brings, and of others nothing is known", () => {
      for (const path of [
        "/nowhere/ca-etcd.pem",
        "/elsewhere/cert-etcd.pem",
        "/nowhere/x/ca.pem",
      ]) {
        expect(find(path), path).to.have.length(1);
        expect(find(path)[0]?.isBroughtLater, path).to.equal(true);
      }
      expect(find("/nowhere/x.pem", { ...certificates, names: [] })[0]?.isBroughtLater).to.equal(
        true,
      );
    });
  });

  it("are none of what is brought before the start", () => {
    const brought = ["/nowhere/flanneld", "/nowhere/ca.pem"];
    expect(
      lacksOf({ "etcd-cafile": "/nowhere/ca.pem" }, "/nowhere/flanneld", brought),
    ).to.deep.equal([]);
  });
});
