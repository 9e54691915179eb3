import { expect } from "chai";

import { UnitHost, fileOf, given } from "../../../support/flannel-unit";

const UNIT = "/etc/systemd/system/flanneld.service";
const ENV = "/etc/flannel/flanneld.env";

describe("flannel_unit removal", () => {
  const options = { state: "absent", settings: { "etcd-password": "x" } };
  const running = UnitHost.running(options);
  const gone = UnitHost.bare();

  it("takes everything back, in order", () => {
    const { plan } = given(options)
      .on(running.withDropIn(`${UNIT}.d/a.conf`, 0))
      .plans(
        "stop flanneld.service",
        "disable flanneld.service",
        `remove ${UNIT}.d/a.conf`,
        `remove ${UNIT}`,
        `remove ${ENV}`,
        "reload systemd",
      );
    const folders = plan.changes.map((change) => change.kind === "remove" && change.folderToo);
    expect(folders).to.deep.equal([false, false, true, undefined, undefined, false]);
  });

  it("shows no secret of what it takes back", () => {
    const text = '[Service]\nEnvironment="FLANNELD_ETCD_PASSWORD=old-secret"\n';
    const { plan } = given(options).on(running.withDropIn("/a.conf", 0, text));
    const diffs = JSON.stringify(plan.changes.map(({ diff }) => diff));
    expect(diffs).to.contain("/a.conf").and.not.to.contain("old-secret");
  });

  it("does nothing where nothing is", () => {
    given(options).on(gone).plans().refuses().warns();
  });

  it("purges rules before the device, and the subnet file that tells them last", () => {
    const subnet = "/run/flannel/subnet.env";
    const host = gone.withFile(subnet, fileOf("FLANNEL_NETWORK=10.200.0.0/16\n")).withResidue({
      devices: ["flannel.1"],
      rules: "*nat\n-F X\nCOMMIT\n",
      tables: ["ip flannel-ipv4"],
      routes: "route flush exact 10.200.2.0/24 via 10.9.0.2 proto boot\n",
      policies: "xfrm policy deleteall src 10.200.1.0/24 dst 10.200.2.0/24 dir out\n",
      keys: ["/run/flannel/wgkey"],
    });
    given({ ...options, purge: true })
      .on(host)
      .plans(
        "remove flannel's iptables rules",
        "delete nftables table ip flannel-ipv4",
        "delete network device flannel.1",
        "remove flannel's IPv4 routes",
        "remove flannel's IPsec policies",
        "remove /run/flannel/wgkey",
        `remove ${subnet}`,
      );
    given(options).on(host).plans();
  });

  it("takes the folder of its files along, unless others have put something there", () => {
    const host = gone.withFile(ENV, fileOf("", 0o600)).withFolder("/etc/flannel");
    given(options).on(host).plans(`remove ${ENV}`, "reload systemd", "remove /etc/flannel");
    given(options)
      .on(host.withFile("/etc/flannel/other", fileOf("")))
      .plans(`remove ${ENV}`, "reload systemd");
  });

  it("finishes what a killed run began", () => {
    given(options)
      .on(gone.systemdSays({ needsReload: true }))
      .plans("reload systemd");
    given(options).on(gone.stopped("failed")).plans("forget the failure of flanneld.service");
  });
});
