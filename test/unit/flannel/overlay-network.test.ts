import { expect } from "chai";

import {
  type NetworkMark,
  describeMarkChange,
  markOf,
  ofDocument,
  ofMark,
  readMark,
} from "../../../src/flannel/overlay-network";

const CONFIG = { Network: "10.200.0.0/16", SubnetLen: 26, Backend: { Type: "vxlan", VNI: 7 } };
const EMPTY = { networks: {}, backend: {}, nftables: false };

function withPsk(psk: unknown): Record<string, unknown> {
  return { ...CONFIG, Backend: { Type: "wireguard", PSK: psk } };
}

describe("overlay network", () => {
  const documents: [string, Record<string, unknown>, object][] = [
    ["nothing", {}, EMPTY],
    [
      "IPv4 and vxlan",
      CONFIG,
      { ...EMPTY, networks: { network: "10.200.0.0/16" }, backend: { Type: "vxlan", VNI: "7" } },
    ],
    [
      "IPv6 and a mode",
      { Network: null, IPv6Network: "fd00::/48", Backend: { Type: "wireguard", Mode: "auto" } },
      {
        ...EMPTY,
        networks: { ipv6Network: "fd00::/48" },
        backend: { Type: "wireguard", Mode: "auto" },
      },
    ],
    ["nftables", { EnableNFTables: true }, { ...EMPTY, nftables: true }],
    ["nftables as text", { EnableNFTables: "True" }, { ...EMPTY, nftables: true }],
    ["no nftables", { EnableNFTables: false }, EMPTY],
  ];
  for (const [what, document, expected] of documents) {
    it(`of ${what} is the same by document and by mark`, () => {
      expect(ofMark(markOf(document))).to.deep.equal(expected);
      const { networks, backend, nftables } = ofDocument(document);
      const { VNI: vni, ...rest } = backend;
      const texts = vni === undefined ? rest : { ...rest, VNI: String(Number(vni)) };
      expect({ networks, backend: texts, nftables }).to.deep.equal(expected);
    });
  }

  it("refuses a network of the other family", () => {
    expect(() => ofDocument({ Network: "fd00::/48" })).to.throw("network: ", "IPv4 CIDR");
    expect(() => ofDocument({ IPv6Network: 7 })).to.throw("ipv6_network: 7: expected an IPv6 CIDR");
  });
});

describe("network mark", () => {
  it("is one line of words, whatever the order of the keys", () => {
    const open = "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16 SubnetLen=26";
    expect(markOf(CONFIG)).to.deep.equal({ open, hidden: "" });
    const backend = { VNI: "7", Type: "vxlan" };
    const turned = { SubnetLen: "26", Backend: backend, Network: CONFIG.Network };
    expect(markOf({ ...turned, SubnetMin: null })).to.deep.equal({ open, hidden: "" });
  });

  it("can be read back", () => {
    const mark = markOf({ ...CONFIG, ...withPsk("hunter2") });
    expect(readMark(mark.open, mark.hidden)).to.deep.equal(mark);
    expect(readMark("", "")).to.deep.equal({ open: "", hidden: "" });
  });

  const hidden: [string, unknown, unknown][] = [
    ["a secret", { Backend: { PSK: "hunter2" } }, { Backend: { PSK: "hunter3" } }],
    ["a part of a secret", { PSK: { key: "hunter2" } }, { PSK: { key: "hunter3" } }],
    ["a secret masked by others", { PSK: "******** (0a)" }, { PSK: "******** (0b)" }],
    [
      "a command",
      { Backend: { SubnetAddCommand: "a b" } },
      { Backend: { SubnetAddCommand: "a;" } },
    ],
    ["a long text", { Key: "x".repeat(65) }, { Key: "y".repeat(65) }],
    ["a list", { Key: ["x"] }, { Key: ["y"] }],
    ["a strange name", { 'k"\n=x': 1 }, { 'k"\n=y': 1 }],
    ["a quote", { Key: '"' }, { Key: "'" }],
  ];
  for (const [what, one, other] of hidden) {
    it(`tells ${what} from another one, and nothing of it to everybody`, () => {
      const [first, second] = [
        markOf(one as object as typeof CONFIG),
        markOf(other as typeof CONFIG),
      ];
      expect(first.hidden).to.not.equal(second.hidden);
      // Not even a fingerprint: with one, everybody could try a dictionary.
      expect(first.open).to.equal("");
      expect(first.hidden).to.match(/^[\w.:/+=# -]+$/);
      expect(first.hidden).to.not.match(/hunter|xxx/);
    });
  }

  it("takes fingerprints that older units have in the open out of there, and no change for it", () => {
    const now = markOf(withPsk("hunter2"));
    const old: NetworkMark = readMark(`${now.hidden} ${now.open}`, "");
    expect(old).to.deep.equal(now);
    expect(describeMarkChange(old, now)).to.equal("");
  });

  it("shows the revision of a masked secret to everybody, as it tells nothing of the secret", () => {
    expect(markOf(withPsk("******** (revision 15)"))).to.deep.equal({
      open: "Backend.PSK=@15 Backend.Type=wireguard Network=10.200.0.0/16 SubnetLen=26",
      hidden: "",
    });
    expect(markOf(withPsk("******** (known after the write)")).open).to.contain("PSK=@new");
    // What may hide a secret is masked under any name; no other text passes for it.
    expect(markOf({ Key: "******** (revision 15)" }).open).to.equal("Key=@15");
    expect(markOf(withPsk("(revision 15)")).open).to.not.contain("PSK");
  });

  const changes: [string, Record<string, unknown>, Record<string, unknown>, string][] = [
    ["nothing", CONFIG, CONFIG, ""],
    ["a number", CONFIG, { ...CONFIG, SubnetLen: 25 }, "SubnetLen was 26, is 25"],
    [
      "a backend",
      CONFIG,
      { Network: "10.200.0.0/16", Backend: { Type: "wireguard", PSK: "k".repeat(44) } },
      "Backend.PSK was not set, is a hidden value; Backend.Type was vxlan, is wireguard; " +
        "Backend.VNI was 7, is not set; SubnetLen was 26, is not set",
    ],
    ["a secret", withPsk("k"), withPsk("l"), "Backend.PSK was different"],
    [
      "a secret written at another revision",
      withPsk("******** (revision 15)"),
      withPsk("******** (known after the write)"),
      "Backend.PSK was rewritten",
    ],
    [
      "a secret that was given before",
      withPsk("k"),
      withPsk("******** (revision 15)"),
      "Backend.PSK may be different",
    ],
  ];
  for (const [what, before, after, expected] of changes) {
    it(`says of ${what} what was and what is`, () => {
      expect(describeMarkChange(markOf(before), markOf(after))).to.equal(expected);
    });
  }
});
