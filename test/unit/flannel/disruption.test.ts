import { expect } from "chai";

import {
  type AfterRestart,
  type Transition,
  afterRestart,
  describeDisruptions,
  foreseeOverlay,
  listLeases,
  renumberedOf,
  unreachableOf,
} from "../../../src/flannel/disruption";
import { type Lease, tryParseLease } from "../../../src/flannel/lease";
import { type NetworkConfig, readNetworkConfig } from "../../../src/flannel/network-config";
import { parseVersion } from "../../../src/flannel/version";

type Json = Readonly<Record<string, unknown>>;

const VXLAN = { Type: "vxlan" };
const WIREGUARD = { Type: "wireguard" };
const IPV6 = { EnableIPv6: true, IPv6Network: "fd00:200::/48" };

function configOf(part: Json, release: string): NetworkConfig | undefined {
  const document = { Network: "10.200.0.0/16", Backend: VXLAN, ...part };
  const reader = { version: parseVersion(release), architectures: ["amd64"] };
  return readNetworkConfig(document, reader).config;
}

function leasesOf(attributes: Json, ...keys: string[]): readonly Lease[] {
  return keys.flatMap((key, index) => {
    const value = JSON.stringify({ PublicIP: `10.8.0.${index + 1}`, ...attributes });
    return tryParseLease({ key, value, ttlSeconds: 9 }) ?? [];
  });
}

const KEYS = ["10.200.5.0-24", "10.200.6.0-24"];
const DUAL = KEYS.map((key, index) => `${key}&fd00:200:0:${index + 5}::-64`);

/** docs/changing-the-network.md has these rows for people. */
interface Row {
  readonly change: string;
  /** Undefined: there is none, or none that flannel can use. */
  readonly before: Json | undefined;
  readonly after: Json;
  readonly word: AfterRestart;
  readonly told?: string;
  readonly release?: string;
  readonly keys?: readonly string[];
  /** What the daemons wrote of themselves; by default, what fits the old configuration. */
  readonly attributes?: Json;
}

const ROWS: readonly Row[] = [
  { change: "nothing", before: {}, after: {}, word: "keeps" },
  { change: "Network, larger", before: {}, after: { Network: "10.192.0.0/12" }, word: "keeps" },
  {
    change: "Network, elsewhere",
    before: {},
    after: { Network: "10.201.0.0/16" },
    word: "renumbered",
    told: "another subnet at the next start (it is outside the IPv4 range): 10.200.5.0/24 of 10.8.0.1, 10.200.6.0/24 of 10.8.0.2",
  },
  { change: "SubnetLen", before: {}, after: { SubnetLen: 26 }, word: "renumbered", told: "/26" },
  {
    change: "SubnetMin above the leases",
    before: {},
    after: { SubnetMin: "10.200.16.0" },
    word: "renumbered",
  },
  {
    change: "SubnetMin below the leases",
    before: {},
    after: { SubnetMin: "10.200.2.0" },
    word: "keeps",
  },
  {
    change: "SubnetMax below the leases",
    before: {},
    after: { SubnetMax: "10.200.4.0" },
    word: "renumbered",
  },
  { change: "IPv6 on", before: {}, after: IPV6, word: "cannot_start", told: "no start (flanneld" },
  { change: "IPv6 off", before: IPV6, after: {}, word: "renumbered", keys: DUAL },
  {
    change: "IPv4 off",
    before: IPV6,
    after: { ...IPV6, EnableIPv4: false },
    word: "cannot_start",
    keys: DUAL,
    told: "looks for a subnet forever",
  },
  {
    change: "IPv6Network",
    before: IPV6,
    after: { ...IPV6, IPv6Network: "fd00:201::/48" },
    word: "renumbered",
    keys: DUAL,
  },
  {
    change: "Backend.Type",
    before: {},
    after: { Backend: { Type: "host-gw" } },
    word: "unreachable",
    told: "Backend.Type is vxlan, expected host-gw, and old and new daemons cannot talk to each other: 10.200.5.0/24 of 10.8.0.1, 10.200.6.0/24 of 10.8.0.2",
  },
  {
    change: "Backend.VNI",
    before: {},
    after: { Backend: { ...VXLAN, VNI: 2 } },
    word: "unreachable",
    told: "Backend.VNI is 1, expected 2",
  },
  {
    change: "Backend.Port",
    before: {},
    after: { Backend: { ...VXLAN, Port: 4789 } },
    word: "unreachable",
    told: "Backend.Port is 8472, expected 4789",
  },
  {
    change: "Backend.DirectRouting",
    before: {},
    after: { Backend: { ...VXLAN, DirectRouting: true } },
    word: "keeps",
  },
  {
    change: "Backend.MTU",
    before: {},
    after: { Backend: { ...VXLAN, MTU: 1400 } },
    word: "keeps",
  },
  { change: "EnableNFTables", before: {}, after: { EnableNFTables: true }, word: "keeps" },
  {
    change: "wireguard's PSK",
    before: { Backend: WIREGUARD },
    after: { Backend: { ...WIREGUARD, PSK: `${"a".repeat(43)}=` } },
    word: "unreachable",
    told: "Backend.PSK differs",
  },
  {
    change: "wireguard's ListenPort",
    before: { Backend: WIREGUARD },
    after: { Backend: { ...WIREGUARD, ListenPort: 51900 } },
    word: "keeps",
    release: "v0.26.6",
  },
  {
    change: "wireguard's ListenPort before v0.26.6",
    before: { Backend: WIREGUARD },
    after: { Backend: { ...WIREGUARD, ListenPort: 51900 } },
    word: "unreachable",
    release: "v0.26.5",
  },
  {
    change: "all, where the old one is unusable",
    before: undefined,
    after: { Network: "10.201.0.0/16", Backend: { Type: "host-gw" } },
    word: "renumbered",
    attributes: { BackendType: "vxlan" },
  },
  {
    change: "the backend, where the old one is missing",
    before: undefined,
    after: { Backend: { Type: "host-gw" } },
    word: "unreachable",
    attributes: { BackendType: "vxlan" },
  },
  {
    change: "the VNI, where the old one is missing",
    before: undefined,
    after: { Backend: { ...VXLAN, VNI: 7 } },
    word: "unreachable",
    attributes: { BackendType: "vxlan", BackendData: { VNI: 1 } },
  },
  {
    change: "a large VNI that the leases have in 16 bits, where the old one is missing",
    before: undefined,
    after: { Backend: { ...VXLAN, VNI: 65_543 } },
    word: "keeps",
    attributes: { BackendType: "vxlan", BackendData: { VNI: 7 } },
  },
  {
    change: "nothing but that it was missing",
    before: undefined,
    after: {},
    word: "keeps",
    attributes: { BackendType: "vxlan", BackendData: { VNI: 1 } },
  },
  {
    change: "back to what the daemons still run",
    before: { Backend: { Type: "host-gw" } },
    after: {},
    word: "keeps",
    attributes: { BackendType: "vxlan" },
  },
];

function transitionOf({ before, after, release = "v0.28.9" }: Row): Transition {
  return {
    before: before === undefined ? undefined : configOf(before, release),
    after: configOf(after, release),
    version: parseVersion(release),
  };
}

describe("a change of the network of living daemons", () => {
  for (const row of ROWS) {
    const { change, before, word, told, keys = KEYS } = row;
    it(`of ${change}: ${word}`, () => {
      const backend = (before?.["Backend"] ?? VXLAN) as Json;
      const attributes = row.attributes ?? { BackendType: backend["Type"] };
      const transition = transitionOf(row);
      expect(transition.after, "the new one is usable").not.to.equal(undefined);
      expect(transition.before === undefined).to.equal(before === undefined);
      const outlooks = foreseeOverlay(leasesOf(attributes, ...keys), transition);
      expect(outlooks.map(afterRestart)).to.deep.equal([word, word]);
      const sentences = describeDisruptions(outlooks);
      expect(sentences.length === 0).to.equal(word === "keeps");
      if (told !== undefined) expect(sentences.join("\n")).to.include(told);
      const hosts = ["10.200.5.0/24 of 10.8.0.1", "10.200.6.0/24 of 10.8.0.2"];
      expect(renumberedOf(outlooks)).to.deep.equal(word === "renumbered" ? hosts : []);
      const isApart = row.change.startsWith("all,") || /unreachable|cannot/.test(word);
      expect(unreachableOf(outlooks)).to.deep.equal(isApart ? hosts : []);
    });
  }

  it("tells a lease twice that loses its subnet and its peers", () => {
    const row = ROWS.find(({ change }) => change.startsWith("all,"));
    if (row === undefined) throw new Error("no such row");
    const leases = leasesOf({ BackendType: "vxlan" }, ...KEYS);
    const told = describeDisruptions(foreseeOverlay(leases, transitionOf(row)));
    expect(told).to.have.length(2);
    expect(told.every((sentence) => sentence.includes("10.200.5.0/24 of 10.8.0.1"))).to.equal(true);
  });

  it("minds no lease that no daemon uses", () => {
    const leases = leasesOf({ PublicIP: "10.8.0.1", BackendType: "vxlan" }, ...KEYS);
    const after = { Backend: { Type: "host-gw" } };
    const transition = transitionOf({ change: "", word: "unused", before: {}, after });
    const outlooks = foreseeOverlay(leases, transition);
    expect(outlooks.map(afterRestart)).to.deep.equal(["unreachable", "unused"]);
    const told = ["10.200.5.0/24 of 10.8.0.1"];
    expect(unreachableOf(outlooks)).to.deep.equal(told);
    expect(describeDisruptions(outlooks).join()).to.match(
      /talk to each other: 10\.200\.5\.0\/24 of 10\.8\.0\.1$/,
    );
  });

  it("lists as many as one can read", () => {
    const keys = Array.from({ length: 155 }, (_, index) => `10.200.${index}.0-24`);
    const listed = listLeases(leasesOf({}, ...keys));
    expect(listed).to.match(/10\.200\.7\.0\/24 of 10\.8\.0\.8 and 147 more$/);
    expect(listLeases(leasesOf({}, ...KEYS))).not.to.include("more");
  });
});
