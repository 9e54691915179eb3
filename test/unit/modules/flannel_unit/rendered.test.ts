import { expect } from "chai";

import { nothing } from "../../../../src/modules/flannel_unit/apply";
import { observe } from "../../../../src/modules/flannel_unit/observe";
import { plan } from "../../../../src/modules/flannel_unit/plan";
import { report } from "../../../../src/modules/flannel_unit/report";
import { UnitHost, declaredBy, given } from "../../../support/flannel-unit";

const OPTIONS = {
  flannel_version: "v0.20.2",
  settings: { "etcd-password": "pw", "etcd-prefix": "/p", "public-ip": "" },
  interface: "wg0",
  environment: { ACCESS_KEY_SECRET: "sk", GODEBUG: "x" },
  secret_settings: ["ACCESS_KEY_SECRET"],
  network_config: { Network: "10.200.0.0/16", EnableIPv6: true, IPv6Network: "fd00::/48" },
  cni_conf_path: "/etc/cni/net.d/10-flannel.conflist",
  cni_conf: { name: "cni0", cniVersion: "0.3.1", plugins: [{ type: "flannel" }] },
  ip_forward: true,
};

async function render(options: Readonly<Record<string, unknown>>) {
  const declared = declaredBy({ ...options, state: "rendered" });
  const observed = await observe(declared);
  const made = plan(declared, observed);
  expect(made.changes).to.deep.equal([]);
  expect([made.warnings ?? [], made.obstacles ?? []]).to.deep.equal([[], []]);
  return report(declared, observed, made, { changes: [], outcome: nothing });
}

describe("flannel_unit rendered", () => {
  it("are the files that a run would write, from options alone", async () => {
    const { rendered, ...rest } = await render(OPTIONS);
    expect(rest).to.include({ active_state: "unknown", enabled: false, main_pid: 0 });
    expect(rendered).to.have.all.keys(
      "/etc/systemd/system/flanneld.service",
      "/etc/flannel/flanneld.env",
      "/etc/cni/net.d/10-flannel.conflist",
      "/etc/sysctl.d/90-flanneld.conf",
      "/etc/systemd/network/10-flanneld.link",
    );
    expect(JSON.stringify(rendered)).not.to.contain('"pw').and.not.to.contain("sk");
  });

  it("differ from what is written in their secrets only", async () => {
    const open = { ...OPTIONS, settings: { "etcd-prefix": "/p" }, interface: undefined };
    const { rendered } = await render(open);
    const { plan: written } = given(open).on(UnitHost.bare());
    const files = written.changes.flatMap((change) => (change.kind === "write" ? [change] : []));
    const texts = Object.fromEntries(files.map(({ path, content }) => [path, content]));
    const environment = "/etc/flannel/flanneld.env";
    const mask = (text = "") => text.replace(/^(\w+)=.*$/gm, "$1=********");
    expect(rendered).to.deep.equal({ ...texts, [environment]: mask(texts[environment]) });
  });

  it("are no more than the unit where no more is declared", async () => {
    const { rendered } = await render({});
    expect(rendered).to.have.all.keys("/etc/systemd/system/flanneld.service");
  });
});
