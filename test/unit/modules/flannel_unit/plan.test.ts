import { expect } from "chai";

import { UnitHost, fileOf, given } from "../../../support/flannel-unit";

const UNIT = "/etc/systemd/system/flanneld.service";
const ENV = "/etc/flannel/flanneld.env";
const OPTIONS = {
  settings: { "etcd-prefix": "/net", "etcd-password": "hunter2" },
  environment: { GODEBUG: "a=1" },
  restart_on: ["/ca.pem"],
  network_config: { Network: "10.200.0.0/16", SubnetLen: 26, Backend: { VNI: 7, Type: "vxlan" } },
};
const STOPPED = { ...OPTIONS, state: "stopped" };

describe("flannel_unit plan", () => {
  const running = UnitHost.running(OPTIONS);

  it("changes nothing on a converged host", () => {
    const { plan } = given(OPTIONS).on(running).plans().because().refuses().warns();
    expect(plan.restartReasons).to.deep.equal([]);
  });

  it("does everything on a bare host, and tells what a start would lack", () => {
    given(OPTIONS)
      .on(UnitHost.bare())
      .plans(
        `write ${ENV}`,
        `write ${UNIT}`,
        "reload systemd",
        "enable flanneld.service",
        "start flanneld.service",
      )
      .refuses("does not exist, install it first");
  });

  it("refuses a host that systemd does not manage, unless there is nothing to do", () => {
    const absent = { ...OPTIONS, state: "absent" };
    const { plan } = given(OPTIONS).on(running.withoutSystemd()).refuses("systemd is not running");
    expect(plan.obstacles?.[0]).to.include({ code: "host" }).and.not.have.property("lasting");
    given(absent).on(UnitHost.bare().withoutSystemd()).plans().refuses();
  });

  it("does not restart for directives that need no restart", () => {
    given({ ...OPTIONS, restart_sec: "9", timeout_start_sec: "2min" })
      .on(running)
      .plans(`write ${UNIT}`, "reload systemd");
  });

  it("restarts on request, and names what would have been reason enough", () => {
    const task = { ...OPTIONS, state: "restarted" };
    given(task).on(running).because("requested: state is restarted");
    given(task)
      .on(running.touched("/ca.pem", 1001))
      .because(
        "requested: state is restarted",
        "file: /ca.pem has changed since the process started",
      );
  });

  it("starts what does not run, also when asked to restart", () => {
    for (const state of ["started", "restarted"]) {
      given({ ...OPTIONS, state })
        .on(running.stopped())
        .plans("start flanneld.service")
        .because();
    }
  });

  it("starts a daemon that systemd keeps restarting, whatever its process is now", () => {
    const host = running.systemdSays({ activeState: "activating", subState: "start" });
    given(OPTIONS).on(host).plans("start flanneld.service");
  });

  it("stops what runs, and leaves what does not", () => {
    given(STOPPED).on(running).plans("stop flanneld.service");
    given(STOPPED).on(running.stopped()).plans();
    given(STOPPED).on(running.stopped("failed")).plans();
  });

  const links: [boolean, string[], string[]][] = [
    [true, [], ["enable flanneld.service"]],
    [true, ["multi-user.target.wants"], ["re-enable flanneld.service"]],
    [false, ["docker.service.requires"], ["disable flanneld.service"]],
    [false, [], []],
  ];
  for (const [enabled, before, expected] of links) {
    it(`brings links ${before.join() || "none"} to enabled: ${enabled}`, () => {
      given({ ...OPTIONS, enabled })
        .on(running.linkedFrom(...before))
        .plans(...expected);
    });
  }

  it("reloads for a unit that systemd has not seen, or not in this state", () => {
    const unknown = running.stopped().systemdSays({ loadState: "not-found" });
    given(OPTIONS).on(unknown).plans("reload systemd", "start flanneld.service");
  });

  it("shows a restart and its reasons in the diff, although it changes no file", () => {
    const { plan } = given(OPTIONS).on(running.touched("/ca.pem", 1001));
    expect(plan.changes.map(({ diff }) => diff?.after)).to.deep.equal([
      "restarted:\n  file: /ca.pem has changed since the process started\n",
    ]);
  });

  it("shows no secret in a diff, but that it changes", () => {
    const old = fileOf("ExecStart=/f \\\n  -etcd-password=old-secret \\\n  -v=1\n");
    const { plan } = given(OPTIONS).on(
      running
        .withFile(ENV, fileOf('FLANNELD_ETCD_PASSWORD="old-secret"\n', 0o600))
        .withFile(UNIT, old),
    );
    const diffs = plan.changes.map(({ diff }) => diff);
    expect(JSON.stringify(diffs)).not.to.contain("old-secret").and.not.to.contain("hunter2");
    expect(diffs[0]?.before).not.to.equal(diffs[0]?.after);
    expect(diffs[1]?.before).to.contain("-etcd-password=********").and.contain("-v=1");
  });

  it("removes the environment file once no secret needs it, after systemd has let go of it", () => {
    given({ ...OPTIONS, settings: { "etcd-prefix": "/net" } })
      .on(running)
      .plans(`write ${UNIT}`, "reload systemd", `remove ${ENV}`, "restart flanneld.service");
  });

  it("keeps the fingerprint of a secret where only root can read it, and no password needs it", () => {
    const backend = { Type: "wireguard", PSK: "correct-horse-battery" };
    const scene = given({ network_config: { Network: "10.200.0.0/16", Backend: backend } }).on(
      UnitHost.running({ network_config: { Network: "10.200.0.0/16" } }),
    );
    scene.plans(`write ${ENV}`, `write ${UNIT}`, "reload systemd", "restart flanneld.service");
    const [secrets, unit] = scene.plan.changes;
    expect(secrets).to.include({ kind: "write", mode: 0o600 });
    expect(scene.plan.texts.environment).to.match(
      /^ANSIBLE_FLANNEL_NETWORK_HIDDEN="Backend\.PSK=#[0-9a-f]{8}"$/m,
    );
    expect(scene.plan.texts.unit).to.contain("\nEnvironmentFile=-/etc/flannel/flanneld.env\n");
    expect(scene.plan.texts.unit).not.to.contain("PSK").and.not.to.contain("#0");
    expect(JSON.stringify([secrets?.diff, unit?.diff])).not.to.match(/PSK=#|correct/);
  });

  it("names what would make the start fail", () => {
    const host = UnitHost.bare()
      .systemdSays({ loadState: "masked" })
      .lacking("settings: etcd-cafile: /ca.pem: no such file on this host");
    given(OPTIONS)
      .on(host)
      .refuses(
        "systemctl unmask flanneld.service",
        "/flanneld: does not exist",
        "/ca.pem: no such",
      );
  });

  it("lets a change that starts nothing pass where a start would lack something", () => {
    given({ ...OPTIONS, restart_sec: "9" })
      .on(running.withBinary(undefined))
      .refuses()
      .warns("binary: ");
  });

  it("warns of what a daemon would run without, and starts it", () => {
    given(OPTIONS)
      .on(
        UnitHost.bare()
          .withBinary({ device: 1, inode: 2 })
          .lacking("iptables: none", { isVital: false }),
      )
      .refuses()
      .warns("iptables: none");
  });

  it("clears away what an earlier run has left, and says that the host has helped itself", () => {
    const tidy = "remove what an earlier run kept of the previous flanneld.service";
    given(OPTIONS)
      .on(running.leftWith({ switch: { kind: "spent" } }))
      .plans(tidy)
      .warns();
    given(OPTIONS)
      .on(running.leftWith({ switch: { kind: "fired", at: "2026-11-24 10:00:00 UTC" } }))
      .plans(tidy)
      .warns("on 2026-11-24 10:00:00 UTC this host put back what ran before");
    const previousFiles = [{ path: "/ca.pem", kept: "/.before/ca.pem" }];
    given(OPTIONS).on(running.leftWith({ previousFiles })).plans(tidy);
    // A restart keeps them until the new daemon is ready, and then removes them on its own.
    const changed = { ...OPTIONS, settings: { v: 9 } };
    const { plan } = given(changed).on(running.leftWith({ previousFiles }));
    expect(plan.changes.map(({ kind }) => kind)).not.to.contain("forget");
  });

  it("tries no daemon while another run tries one", () => {
    const host = running.leftWith({ switch: { kind: "armed", pid: 42 } });
    given({ ...OPTIONS, settings: { v: 9 } })
      .on(host)
      .refuses("(process 42) is trying out a new daemon");
    given(OPTIONS).on(host).plans().refuses();
  });

  it("does not undo a mask, not even to leave the daemon stopped", () => {
    const host = running.stopped().systemdSays({ loadState: "masked" });
    given(STOPPED)
      .on(host.withFile(UNIT, fileOf("", 0o666)))
      .refuses("systemctl unmask flanneld.service (with --runtime, if it was masked so)");
    given(STOPPED).on(host).plans().refuses();
  });

  it("lacks nothing to stop a daemon", () => {
    given(STOPPED).on(UnitHost.bare()).refuses().warns();
  });
});
