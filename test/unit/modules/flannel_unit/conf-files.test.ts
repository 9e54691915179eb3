import { expect } from "chai";

import { printJson } from "../../../../src/modules/flannel_unit/conf-files";
import { UnitHost, fileOf, given } from "../../../support/flannel-unit";

const CNI = "/etc/cni/net.d/10-flannel.conflist";
const NET_CONF = "/etc/flannel/net-conf.json";
const PSK = "correct-horse-battery-staple-".repeat(4);
const CNI_OPTIONS = { cni_conf_path: CNI, cni_conf: { name: "cni0" } };
const NETWORK = { Network: "10.200.0.0/16", Backend: { Type: "ipsec", PSK } };
const KUBE = {
  flannel_version: "v0.28.9",
  settings: { "kube-subnet-mgr": true },
  net_conf_path: NET_CONF,
  network_config: NETWORK,
};

describe("flannel_unit's configuration files", () => {
  const running = UnitHost.running(CNI_OPTIONS);

  it("are left alone where they are what they should be", () => {
    given(CNI_OPTIONS).on(running).plans().warns();
  });

  it("are written without a restart of the daemon when the CNI plugin reads them", () => {
    const { plan } = given({ ...CNI_OPTIONS, cni_conf: { name: "other" } })
      .on(running)
      .plans(`write ${CNI}`)
      .because();
    expect(plan.changes[0]).to.include({ kind: "write", mode: 0o600 });
    expect(plan.changes[0]?.diff).to.include({ after: '{\n  "name": "other"\n}\n' });
  });

  it("are closed to others again, and their directory opened", () => {
    const host = running
      .withFile(CNI, fileOf(printJson(CNI_OPTIONS.cni_conf), 0o644))
      .withFolder("/etc/cni/net.d", { mode: 0o700 });
    const { plan } = given(CNI_OPTIONS)
      .on(host)
      .plans("set mode and owner of /etc/cni/net.d", `write ${CNI}`);
    expect(plan.changes.map(({ diff }) => diff?.before)).to.deep.equal([
      "mode 700, owner 0:0\n",
      "mode 644, owner 0:0\n",
    ]);
  });

  it("restart the daemon when it reads them, and are no lack", () => {
    const options = { ...KUBE, network_config: { ...NETWORK, SubnetLen: 26 } };
    const { plan } = given(options).on(UnitHost.running(KUBE));
    expect(plan.changes[0]?.summary).to.equal(`write ${NET_CONF}`);
    expect(plan.restartReasons).to.deep.equal([
      `file: ${NET_CONF} has changed since the process started`,
      "network: the process was started for a different configuration: SubnetLen was not set, is 26",
    ]);
    expect(JSON.stringify(plan.changes[0]?.diff)).to.contain("ipsec").and.not.contain(PSK);
  });

  it("restart the daemon in the run that writes them, not only in the next", () => {
    const host = UnitHost.running(KUBE).withFile(NET_CONF, undefined);
    given(KUBE)
      .on(host.touched(NET_CONF, undefined))
      .plans(`write ${NET_CONF}`, "restart flanneld.service")
      .because(`file: ${NET_CONF} has changed since the process started`)
      .warns();
  });

  it("go with the unit, and the directory of its options when nothing of others is in it", () => {
    const options = { ...KUBE, ...CNI_OPTIONS };
    const absent = { ...options, state: "absent" };
    const host = UnitHost.running(options).withFolder("/etc/flannel").stopped().linkedFrom();
    const unit = "/etc/systemd/system/flanneld.service";
    const env = "/etc/flannel/flanneld.env";
    given(absent)
      .on(host)
      .plans(
        `remove ${unit}`,
        `remove ${env}`,
        "reload systemd",
        `remove ${NET_CONF}`,
        `remove ${CNI}`,
        "remove /etc/flannel",
        "remove /etc/modules-load.d/flanneld.conf",
      );
    const others = host.withFile("/etc/flannel/kubeconfig", fileOf(""));
    const { summaries } = given(absent).on(others);
    expect(summaries).not.to.include("remove /etc/flannel");
    given(absent).on(UnitHost.bare().withFolder("/etc/flannel")).plans("remove /etc/flannel");
  });

  it("are written alone where they are asked for alone, whatever else there is to do", () => {
    const host = UnitHost.bare().withoutSystemd();
    const alone = { ...CNI_OPTIONS, ...KUBE, state: "present" };
    given({ ...alone, only: "cni" })
      .on(host)
      .plans(`write ${CNI}`)
      .refuses()
      .warns();
    given({ ...alone, only: "network" })
      .on(host)
      .plans(`write ${NET_CONF}`)
      .refuses()
      .warns();
  });

  it("are of no use while another one wins, and that is said", () => {
    const rival = "/etc/cni/net.d/10-flannel.conf";
    const host = running.withFile(rival, fileOf("{}"));
    given(CNI_OPTIONS).on(host).plans().warns(`${rival}: sorts before 10-flannel.conflist`);
    given({ ...CNI_OPTIONS, state: "present", only: "cni" })
      .on(host)
      .warns(rival);
    given({ ...CNI_OPTIONS, state: "absent" })
      .on(host)
      .warns();
  });
});
