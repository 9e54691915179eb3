import { expect } from "chai";

import {
  type FilterWishes,
  filterProgramsOf,
  needsBridgeFilter,
} from "../../../src/flannel/packet-filter";
import { tryParseVersion } from "../../../src/flannel/version";

const WISHES: Omit<FilterWishes, "version"> = {
  nftables: false,
  families: { ipv4: true, ipv6: false },
  masquerades: true,
  forwards: true,
  hasSubnet: false,
};
const DUAL = { ipv4: true, ipv6: true };

/** "iptables!" where the daemon ends without it, "iptables" where it runs on. */
function programsOf(tag: string, wishes: Partial<FilterWishes> = {}): string {
  return filterProgramsOf({ ...WISHES, version: tryParseVersion(tag), ...wishes })
    .map(({ name, isVital }) => `${name}${isVital ? "!" : ""}`)
    .join(" ");
}

describe("the programs flannel sets its packet filter rules with", () => {
  const rows: [string, Partial<FilterWishes>, string][] = [
    ["v0.10.0", {}, "iptables"],
    ["v0.11.0", {}, "iptables!"],
    ["v0.28.9", {}, "iptables!"],
    ["v0.28.9", { hasSubnet: true }, "iptables"],
    ["v0.28.9", { masquerades: false }, "iptables"],
    ["v0.28.9", { masquerades: false, forwards: false }, ""],
    ["v0.28.9", { families: DUAL }, "iptables! ip6tables!"],
    ["v0.28.9", { families: { ipv4: false, ipv6: true } }, "ip6tables!"],
    ["v0.24.4", { nftables: true }, "iptables!"],
    ["v0.25.0", { nftables: true }, "nft!"],
    ["v0.26.7", { nftables: true, hasSubnet: true }, "nft!"],
    ["v0.27.0", { nftables: true }, "nft! iptables! ip6tables!"],
    ["v0.28.9", { nftables: true, masquerades: false }, "nft! iptables! ip6tables!"],
    ["unknown", { nftables: true }, "nft! iptables! ip6tables!"],
  ];
  for (const [tag, wishes, programs] of rows) {
    it(`${tag} ${JSON.stringify(wishes)}: ${programs === "" ? "none" : programs}`, () => {
      expect(programsOf(tag, wishes)).to.equal(programs);
    });
  }
});

describe("the release that ends where br_netfilter is not loaded", () => {
  const rows: [string, boolean, boolean][] = [
    ["v0.25.7", false, false],
    ["v0.26.0", false, true],
    ["v0.26.0", true, true],
    ["v0.27.4", true, true],
    ["v0.28.0", true, false],
    ["v0.28.0", false, true],
    ["unknown", false, false],
  ];
  for (const [tag, nftables, isNeeded] of rows) {
    it(`${tag}${nftables ? " with nftables" : ""}: ${String(isNeeded)}`, () => {
      expect(needsBridgeFilter(tryParseVersion(tag), nftables)).to.equal(isNeeded);
    });
  }
});
