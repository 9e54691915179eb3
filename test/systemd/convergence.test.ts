// The daemon is restarted if and only if what runs differs from what is declared; on real systemd,
// with the real daemon.

import { expect } from "chai";

import { NETWORK, NEW_FLANNEL, OLD_FLANNEL, type Result, SystemdLab } from "../support/systemd-lab";

const UNIT = "/etc/systemd/system/flanneld.service";
const CA = "/var/lib/kubernetes/ca-etcd.pem";

describe("flannel_unit on systemd: convergence", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("converge");

  /** Everything a run could have touched: files with dates, links, the process. */
  async function snapshot(): Promise<string> {
    return await lab.sh(
      "worker-1",
      `stat -c '%n %Y %Z %i %a' /etc/systemd/system /etc/systemd/system/*/ ${UNIT} /etc/flannel /etc/flannel/* 2>&1 || true
       find /etc/systemd/system -name 'flanneld*' | sort
       systemctl show flanneld -p MainPID,ActiveState,ExecMainStartTimestampMonotonic,NeedDaemonReload`,
    );
  }

  /** Check mode must touch nothing and predict exactly what a real run then does, once. */
  async function applyChecked(args: Record<string, unknown>): Promise<Result> {
    const before = await snapshot();
    const predicted = await lab.run({ ...args, _ansible_check_mode: true, _ansible_diff: true });
    expect(await snapshot()).to.equal(before);
    const real = await lab.run({ ...args, _ansible_diff: true });
    expect(real["failed"], real.msg).to.equal(undefined);
    for (const key of ["changed", "changes", "diff", "restart_reasons", "restarted", "enabled"]) {
      expect(predicted[key], key).to.deep.equal(real[key]);
    }
    const settled = await snapshot();
    const again = await lab.run(args);
    expect(again.changes).to.deep.equal([]);
    expect(again.changed).to.equal(false);
    expect(await snapshot()).to.equal(settled);
    return real;
  }

  it("predicts on a host without systemd unit or binary, and refuses to start without one", async () => {
    const args = { ...lab.daemon(), binary: "/opt/missing" };
    const predicted = await lab.run({ ...args, _ansible_check_mode: true });
    expect(predicted["changed"]).to.equal(true);
    expect(String(predicted["warnings"])).to.contain("/opt/missing: does not exist");
    const refused = await lab.run(args);
    expect(refused).to.include({ failed: true, error_code: "not_found", changed: false });
    expect(await lab.sh("worker-1", `ls ${UNIT} 2>&1 || true`)).to.contain("No such file");
  });

  it("writes, enables and starts, and reports the subnet", async () => {
    const result = await applyChecked(lab.daemon());
    expect(result.changes).to.deep.equal([
      "write /etc/modules-load.d/flanneld.conf",
      `write ${UNIT}`,
      "reload systemd",
      "enable flanneld.service",
      "start flanneld.service",
    ]);
    expect(result).to.deep.include({
      active_state: "active",
      sub_state: "running",
      restarted: false,
    });
    expect(result["subnet"]).to.include({ network: NETWORK, ip_masq: true, mtu: 1450 });
    expect(await lab.sh("worker-1", "systemctl is-enabled flanneld")).to.equal("enabled\n");
    expect(await lab.sh("worker-1", "ls /etc/systemd/system/docker.service.requires")).to.equal(
      "flanneld.service\n",
    );
  });

  const reasons: [string, string, Record<string, unknown>, RegExp][] = [
    ["a setting", ":", { settings: { v: 1 } }, /^arguments: added -v=1$/],
    ["a variable", ":", { environment: { GODEBUG: "http2debug=0" } }, /^environment: GODEBUG$/],
    [
      "a limit",
      ":",
      { limit_nofile: "50000" },
      /^unit: the process was started with different service/,
    ],
    ["a certificate", `sleep 0.1; echo >> ${CA}`, {}, new RegExp(`^file: ${CA} has changed`)],
    [
      "a certificate moved into place with an old date",
      `sleep 0.1; cp ${CA} ${CA}.new; echo >> ${CA}.new; touch -r ${CA} ${CA}.new; mv ${CA}.new ${CA}`,
      {},
      new RegExp(`^file: ${CA} has changed`),
    ],
    ["a binary", "cd /usr/local/sbin; cp flanneld new; mv new flanneld", {}, /^executable: /],
    ["a unit touched by hand", `sleep 0.1; touch ${UNIT}`, {}, /^unit: the unit on disk is newer/],
    [
      "a unit edited by hand",
      `sleep 0.1; echo '# x' >> ${UNIT}; sed -i 's/^RestartSec=.*/LimitCORE=0/' ${UNIT}; systemctl daemon-reload; systemctl restart flanneld`,
      {},
      /^unit: the unit file was changed/,
    ],
    [
      "a drop-in",
      "mkdir -p /etc/systemd/system/flanneld.service.d; printf '[Service]\\nNice=1\\n' > /etc/systemd/system/flanneld.service.d/a.conf; systemctl daemon-reload",
      {},
      /^drop-in: .*a.conf has changed/,
    ],
    ["a lost subnet file", "rm /run/flannel/subnet.env", {}, /^subnet: /],
    [
      "a daemon started by hand",
      "systemctl stop flanneld; rm -f /etc/systemd/system/flanneld.service.d/a.conf; sed -i 's/-ip-masq=true/-ip-masq=false/' /etc/systemd/system/flanneld.service; systemctl daemon-reload; systemctl start flanneld",
      {},
      /^arguments: added -ip-masq=true, removed -ip-masq=false$/,
    ],
  ];
  for (const [what, disturbance, overrides, expected] of reasons) {
    it(`restarts for ${what}, once`, async () => {
      await lab.sh("worker-1", disturbance);
      const result = await applyChecked(lab.daemon(overrides));
      expect(result["restarted"]).to.equal(true);
      expect(
        result.restart_reasons.some((reason) => expected.test(reason)),
        String(result.restart_reasons),
      ).to.equal(true);
      // The next case begins from the plain daemon again.
      await lab.run(lab.daemon());
    });
  }

  it("does not restart for a certificate that is as it was", async () => {
    const pid = await lab.sh("worker-1", "systemctl show --value -p MainPID flanneld");
    await lab.sh("worker-1", `sleep 0.1; cp ${CA} ${CA}.new; mv ${CA}.new ${CA}; touch ${CA}`);
    const result = await lab.run(lab.daemon());
    expect(result).to.deep.include({ changed: false, restart_reasons: [] });
    expect(`${String(result["main_pid"])}\n`).to.equal(pid);
  });

  it("restarts for another network in etcd than the declared one", async () => {
    await lab.writeNetworkConfig({ Network: "10.201.0.0/16", Backend: { Type: "vxlan" } });
    const result = await applyChecked(lab.daemon({ network: "10.201.0.0/16" }));
    expect(result.restart_reasons).to.deep.equal([
      `network: the process was started for a different configuration: Network was ${NETWORK}, is 10.201.0.0/16`,
    ]);
    await lab.writeNetworkConfig({ Network: NETWORK, Backend: { Type: "vxlan" } });
    await applyChecked(lab.daemon());
  });

  it("restarts for another backend in etcd, also when a run was killed before it got there", async () => {
    const config = (vni: number) => ({ Network: NETWORK, Backend: { Type: "vxlan", VNI: vni } });
    const declared = (vni: number) => {
      const { network, backend, ...rest } = lab.daemon({ network_config: config(vni) });
      expect([network, backend]).to.not.include(undefined);
      return rest;
    };
    await lab.writeNetworkConfig(config(7));
    const result = await applyChecked(declared(7));
    expect(result.restart_reasons).to.deep.equal([
      "network: the process was started for a different configuration: Backend.VNI was not set, is 7",
    ]);
    await lab.sh("worker-1", "ip link show flannel.7");
    // A run that does not look into etcd leaves it as it is.
    const silent: Record<string, unknown> = { ...declared(7) };
    delete silent["network_config"];
    expect((await lab.run(silent)).changes).to.deep.equal([]);
    // Killed between the unit file and the restart.
    await lab.writeNetworkConfig(config(8));
    await lab.sh("worker-1", `sed -i 's/VNI=7/VNI=8/' ${UNIT}; systemctl daemon-reload`);
    expect((await applyChecked(silent)).restart_reasons).to.deep.equal([
      "network: the process was started for a different configuration: Backend.VNI was 7, is 8",
    ]);
    await lab.sh(
      "worker-1",
      "ip link show flannel.8; ip link del flannel.7; ip link del flannel.8",
    );
    await lab.writeNetworkConfig({ Network: NETWORK, Backend: { Type: "vxlan" } });
    await applyChecked(lab.daemon());
  });

  it("does not restart for ordering, restart pause and start timeout", async () => {
    const pid = await lab.sh("worker-1", "systemctl show -p MainPID flanneld");
    const result = await applyChecked(
      lab.daemon({ before: [], required_by: [], restart_sec: "2", timeout_start_sec: "120" }),
    );
    expect(result.changes).to.deep.equal([
      `write ${UNIT}`,
      "reload systemd",
      "re-enable flanneld.service",
    ]);
    expect(await lab.sh("worker-1", "systemctl show -p MainPID flanneld")).to.equal(pid);
    expect(
      await lab.sh("worker-1", "ls /etc/systemd/system/docker.service.requires 2>&1 || true"),
    ).not.to.contain("flanneld");
    await applyChecked(lab.daemon());
  });

  it("keeps a password out of unit, process list and result, and restarts when it changes", async () => {
    const secret = (value: string) => lab.daemon({ settings: { "etcd-password": value } });
    await applyChecked(secret("first-hunter2"));
    const result = await applyChecked(secret("second %$\"\\`' hunter2"));
    expect(result.restart_reasons).to.deep.equal(["environment: FLANNELD_ETCD_PASSWORD"]);
    expect(JSON.stringify(result)).not.to.contain("hunter2");
    expect(await lab.sh("worker-1", `cat ${UNIT}; ps axww -o args`)).not.to.contain("hunter2");
    expect(await lab.sh("worker-1", "stat -c '%a %u %g' /etc/flannel/flanneld.env")).to.equal(
      "600 0 0\n",
    );
    const environ = await lab.sh(
      "worker-1",
      "tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID flanneld)/environ",
    );
    expect(environ).to.contain("FLANNELD_ETCD_PASSWORD=second %$\"\\`' hunter2\n");
    const without = await applyChecked(lab.daemon());
    expect(without.changes).to.include("remove /etc/flannel/flanneld.env");
    expect(without.restart_reasons).to.include("environment: FLANNELD_ETCD_PASSWORD");
  });

  it("goes from one generation of flannel to the other and back", async () => {
    for (const version of [OLD_FLANNEL, NEW_FLANNEL]) {
      await lab.sh(
        "worker-1",
        `cp /opt/flanneld-${version} /usr/local/sbin/new; mv /usr/local/sbin/new /usr/local/sbin/flanneld`,
      );
      const result = await applyChecked(lab.daemon({ flannel_version: version }));
      expect(result.restart_reasons).to.have.length(1);
      expect(result.restart_reasons[0]).to.match(/^executable: /);
    }
  });

  it("heals a link that was taken away and one too many", async () => {
    await lab.sh("worker-1", "rm /etc/systemd/system/multi-user.target.wants/flanneld.service");
    const healed = await applyChecked(lab.daemon());
    expect(healed.changes).to.deep.equal(["re-enable flanneld.service"]);
    const disabled = await applyChecked(lab.daemon({ enabled: false }));
    expect(disabled.changes).to.deep.equal(["disable flanneld.service"]);
  });

  it("is ready only when healthz answers", async () => {
    const result = await applyChecked(lab.daemon({ settings: { "healthz-port": 18080 } }));
    expect(result["restarted"]).to.equal(true);
    expect(await lab.sh("worker-1", "exec 3<>/dev/tcp/127.0.0.1/18080; echo open")).to.equal(
      "open\n",
    );
  });

  it("restarts whenever asked to", async () => {
    const result = await lab.run(lab.daemon({ state: "restarted" }));
    expect(result.restart_reasons).to.include("requested: state is restarted");
  });

  it("stops, and keeps the subnet file for the CNI plugin and the next start", async () => {
    const stopped = await applyChecked(lab.daemon({ state: "stopped" }));
    expect(stopped["active_state"]).to.equal("inactive");
    const before = await lab.sh("worker-1", "grep SUBNET /run/flannel/subnet.env");
    await applyChecked(lab.daemon());
    expect(await lab.sh("worker-1", "grep SUBNET /run/flannel/subnet.env")).to.equal(before);
  });

  it("refuses a unit that is masked", async () => {
    await applyChecked(lab.daemon({ state: "absent" }));
    await lab.sh("worker-1", "systemctl mask flanneld");
    const result = await lab.run(lab.daemon());
    expect(result).to.include({ failed: true, changed: false });
    expect(result.msg).to.contain("systemctl unmask flanneld.service");
    await lab.sh("worker-1", "systemctl unmask flanneld");
  });

  it("refuses what systemd-analyze complains of, and touches nothing", async () => {
    await applyChecked(lab.daemon());
    const before = await snapshot();
    const result = await lab.run(lab.daemon({ extra_directives: { Service: { Nice: "very" } } }));
    expect(result).to.include({ failed: true, changed: false, error_code: "verification" });
    expect(result.msg).to.contain("nice priority");
    expect(await snapshot()).to.equal(before);
  });

  it("removes everything, and a second removal changes nothing", async () => {
    await lab.run(lab.daemon({ settings: { "etcd-password": "hunter2hunter2" } }));
    await lab.sh(
      "worker-1",
      "mkdir -p /etc/systemd/system/flanneld.service.d; printf '[Service]\\nNice=1\\n' > /etc/systemd/system/flanneld.service.d/a.conf",
    );
    await applyChecked({ state: "absent" });
    const left = "find /etc/systemd /etc/flannel -name '*flannel*' 2>/dev/null || true";
    expect(await lab.sh("worker-1", left)).to.equal("");
    expect(await lab.sh("worker-1", "systemctl show -p LoadState,ActiveState flanneld")).to.equal(
      "LoadState=not-found\nActiveState=inactive\n",
    );
  });
});
