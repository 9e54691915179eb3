import { createSocket } from "node:dgram";
import { once } from "node:events";

import { expect } from "chai";

import { ofDocument } from "../../../../src/flannel/overlay-network";
import { tryParseVersion } from "../../../../src/flannel/version";
import {
  type HostDemand,
  findFamilyFault,
  findHostLacks,
} from "../../../../src/modules/flannel_unit/host-lacks";

const NOTHING = {
  files: [],
  lacksBridgeFilter: false,
  wantsBridgeFilter: false,
  lacksForwarding: false,
  offloading: [],
  missing: [],
};

/** A daemon that needs nothing: no rules, no port, no interface of its own. */
const MODEST: HostDemand = {
  version: tryParseVersion("v0.28.9"),
  flags: [{ name: "iptables-forward-rules", value: "false" }],
  isKube: false,
  variables: {},
  network: ofDocument({ Network: "10.200.0.0/16", Backend: { Type: "host-gw" } }),
  isNetworkKnown: true,
  loadsBridgeFilter: undefined,
  settings: NOTHING,
  subnet: undefined,
};

/** "vital: ..." and "minor: ...". */
function lacksOf(demand: Partial<HostDemand>): readonly string[] {
  const lacks = findHostLacks({ ...MODEST, ...demand });
  return lacks.map(({ isVital, message }) => `${isVital ? "vital" : "minor"}: ${message}`);
}

describe("flannel_unit host lacks", () => {
  it("are none for a daemon that needs nothing", () => {
    expect(lacksOf({})).to.deep.equal([]);
  });

  it("are programs of the packet filter, on the PATH that the daemon has", () => {
    const flags = [{ name: "ip-masq", value: "true" }];
    const [lack, ...others] = lacksOf({ flags, variables: { PATH: "/nowhere" } });
    expect(others).to.deep.equal([]);
    expect(lack).to.equal(
      "vital: packet filter: iptables: no such program on this host, and flannel v0.28.9 does not start without it; " +
        "install the package iptables",
    );
    const subnet = "FLANNEL_SUBNET=10.200.7.1/24\n";
    expect(lacksOf({ flags, subnet, variables: { PATH: "/nowhere" } })[0]).to.match(
      /^minor: .*pods could not reach beyond their host/,
    );
  });

  it("are several at once, in nftables mode", () => {
    const network = ofDocument({ Network: "10.200.0.0/16", EnableNFTables: true });
    const lacks = lacksOf({ network, isNetworkKnown: false, variables: { PATH: "/nowhere" } });
    expect(lacks.map((lack) => /filter: (\w+):/.exec(lack)?.[1])).to.deep.equal([
      "nft",
      "iptables",
      "ip6tables",
    ]);
    expect(lacks[0]).to.contain("install the package nftables");
  });

  it("are programs that this module runs itself", () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      const settings = {
        ...NOTHING,
        lacksBridgeFilter: true,
        lacksForwarding: true,
        missing: ["flannel.1"],
      };
      const lacks = lacksOf({ settings });
      expect(lacks.map((lack) => /: (\w+): no such/.exec(lack)?.[1])).to.deep.equal([
        "modprobe",
        "sysctl",
        "ethtool",
      ]);
    } finally {
      process.env["PATH"] = path;
    }
  });

  it("are br_netfilter only where nobody is to load it", () => {
    const settings = { ...NOTHING, wantsBridgeFilter: true };
    expect(lacksOf({ settings })).to.deep.equal([]);
    expect(lacksOf({ settings, loadsBridgeFilter: false })[0]).to.match(
      /^vital: load_br_netfilter: .*flannel v0\.28\.9 does not start without it/,
    );
  });

  it("are a port that somebody has, with who it is", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    try {
      const { port: Port } = socket.address();
      const network = ofDocument({ Backend: { Type: "vxlan", VNI: 4711, Port } });
      expect(lacksOf({ network })[0]).to.contain(
        `vital: network_config: Backend.Port: UDP port ${Port} is taken by `,
      );
      expect(lacksOf({ network })[0]).to.contain(`(process ${process.pid})`);
      expect(lacksOf({ network, isNetworkKnown: false })).to.deep.equal([]);
    } finally {
      socket.close();
    }
  });

  it("are the name of the node with kube-subnet-mgr", () => {
    expect(lacksOf({ isKube: true })[0]).to.match(/^minor: environment: NODE_NAME: not set/);
    expect(lacksOf({ isKube: true, variables: { NODE_NAME: "w1" } })).to.deep.equal([]);
  });

  it("are a client certificate where the release insists on one", () => {
    expect(lacksOf({ version: tryParseVersion("v0.20.0") })[0]).to.match(/^vital: .*etcd-certfile/);
  });
});

describe("flannel_unit addresses of the interface", () => {
  const v4 = { family: 4, isLinkLocal: false } as const;
  const v6 = { family: 6, isLinkLocal: false } as const;
  const fe80 = { family: 6, isLinkLocal: true } as const;
  const single = ofDocument({ Network: "10.200.0.0/16" });
  const dual = ofDocument({ Network: "10.200.0.0/16", IPv6Network: "fd00:200::/48" });
  const rows: [
    string,
    readonly (typeof v4 | typeof v6 | typeof fe80)[],
    typeof single,
    RegExp | null,
  ][] = [
    ["IPv4 for IPv4", [v4], single, null],
    ["IPv6 alone for IPv4", [v6], single, /no IPv4 address/],
    ["both for both", [v4, v6, fe80], dual, null],
    ["IPv4 alone for both", [v4], dual, /no IPv6 address, which/],
    ["a link-local IPv6 address for both", [v4, fe80], dual, /link-local/],
  ];
  for (const [what, addresses, network, fault] of rows) {
    it(`${what}: ${fault === null ? "fine" : fault.source}`, () => {
      const found = findFamilyFault(addresses, [], network);
      if (fault === null) expect(found).to.equal(undefined);
      else expect(found).to.match(fault);
    });
  }

  it("need not be global where public-ipv6 is given", () => {
    const flags = [{ name: "public-ipv6", value: "2001:db8::1" }];
    expect(findFamilyFault([v4, fe80], flags, dual)).to.equal(undefined);
  });
});
