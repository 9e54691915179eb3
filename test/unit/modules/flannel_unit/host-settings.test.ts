import { expect } from "chai";

import { hostNeedsOf } from "../../../../src/modules/flannel_unit/host-settings";
import { UnitHost, declaredBy, fileOf, given } from "../../../support/flannel-unit";

type Given = Readonly<Record<string, unknown>>;

function contentOf(path: string, options: Given): string | undefined {
  const { host, network } = declaredBy(options);
  return hostNeedsOf(host, network).files.find((file) => file.path === path)?.content;
}

describe("flannel_unit host settings", () => {
  const hosts: [string, Given, (host: UnitHost) => UnitHost, string[]][] = [
    [
      "loads br_netfilter where 0.26 needs it",
      { flannel_version: "v0.26.0" },
      (host) => host.withKernel({ bridgeFilter: false }),
      ["load kernel module br_netfilter"],
    ],
    [
      "does without br_netfilter before",
      { flannel_version: "v0.25.7" },
      (host) => host.withKernel({ bridgeFilter: false }),
      [],
    ],
    [
      "does without br_netfilter when told",
      { flannel_version: "v0.26.0", load_br_netfilter: false },
      (host) => host.withKernel({ bridgeFilter: false }),
      [],
    ],
    [
      "does without br_netfilter where flannel uses nftables",
      { flannel_version: "v0.28.0", network_config: { EnableNFTables: true } },
      (host) => host.withKernel({ bridgeFilter: false }),
      [],
    ],
    [
      "loads br_netfilter where flannel checks for it before it knows of nftables",
      { flannel_version: "v0.27.4", network_config: { EnableNFTables: true } },
      (host) => host.withKernel({ bridgeFilter: false }),
      ["load kernel module br_netfilter"],
    ],
    [
      "switches forwarding on",
      { ip_forward: true },
      (host) => host.withKernel({ forwarding: false }),
      ["set net.ipv4.ip_forward to 1"],
    ],
    ["leaves forwarding alone", {}, (host) => host.withKernel({ forwarding: false }), []],
    [
      "switches TX checksums off",
      { tx_checksum_offload: false },
      (host) => host.withDevices({ "flannel.1": true }),
      ["switch off TX checksum offload of flannel.1"],
    ],
  ];
  for (const [what, options, happen, expected] of hosts) {
    it(what, () => {
      given(options)
        .on(happen(UnitHost.running(options)))
        .plans(...expected);
    });
  }

  it("switches TX checksums off on the device a start is about to make, not while it is stopped", () => {
    const options = { tx_checksum_offload: false };
    const host = UnitHost.running(options).stopped().withDevices({});
    given(options)
      .on(host)
      .plans("start flanneld.service", "switch off TX checksum offload of flannel.1");
    given({ ...options, state: "stopped" })
      .on(host)
      .plans();
    given({ ...options, wait_timeout: 0 })
      .on(host)
      .plans("start flanneld.service");
  });

  const LINK = "/etc/systemd/network/10-flanneld.link";
  const macs: [string, Given, boolean][] = [
    ["a version that suffers", { flannel_version: "v0.22.2" }, true],
    ["a version that does not", { flannel_version: "v0.22.3" }, false],
    ["no version", {}, false],
    ["another backend", { flannel_version: "v0.22.2", backend: { Type: "host-gw" } }, false],
    ["a backend of no type", { flannel_version: "v0.22.2", backend: { Type: 7 } }, false],
    ["vxlan in capitals", { flannel_version: "v0.22.2", backend: { Type: "VXLAN" } }, true],
    ["a refusal", { flannel_version: "v0.22.2", keep_mac_address: false }, false],
    ["a wish", { flannel_version: "v0.28.0", keep_mac_address: true }, true],
  ];
  for (const [what, options, isWritten] of macs) {
    it(`${isWritten ? "writes a" : "writes no"} .link file against MAC rewriting for ${what}`, () => {
      const content = contentOf(LINK, options) ?? "";
      expect(content.includes("MACAddressPolicy=none")).to.equal(isWritten);
    });
  }

  it("tells udev of a .link file, as a device may be made at once", () => {
    expect(contentOf(LINK, { tx_checksum_offload: false })).to.contain(
      "[Link]\nTransmitChecksumOffload=no\n",
    );
    const options = { tx_checksum_offload: false, ip_forward: true };
    const { plan } = given(options).on(UnitHost.running({}));
    const told = plan.changes.map((change) => change.kind === "write" && change.then);
    expect(told).to.deep.equal([undefined, "udev"]);
  });

  it("are taken back where this module made them, and nobody else's", () => {
    const options = {
      flannel_version: "v0.10.0",
      load_br_netfilter: true,
      ip_forward: true,
      tx_checksum_offload: false,
    };
    const paths = ["/etc/modules-load.d/flanneld.conf", "/etc/sysctl.d/90-flanneld.conf", LINK];
    const absent = { ...options, state: "absent" };
    const made = (content: (path: string) => string) =>
      paths.reduce((host, path) => host.withFile(path, fileOf(content(path))), UnitHost.bare());
    given(absent)
      .on(made((path) => contentOf(path, options) ?? "?"))
      .plans(...paths.map((path) => `remove ${path}`));
    given(absent)
      .on(made(() => "# mine\n"))
      .plans();
  });
});
