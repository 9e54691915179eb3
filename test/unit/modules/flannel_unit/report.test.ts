import { expect } from "chai";

import { type Outcome, nothing } from "../../../../src/modules/flannel_unit/apply";
import { putBack, startAgain } from "../../../../src/modules/flannel_unit/changes";
import { report } from "../../../../src/modules/flannel_unit/report";
import { type Scene, UnitHost, given, RUNNING } from "../../../support/flannel-unit";

function reportOf(
  { declared, observed, plan }: Scene,
  changes = plan.changes,
  outcome: Partial<Outcome> = {},
) {
  return report(declared, observed, plan, { changes, outcome: { ...nothing, ...outcome } });
}

describe("flannel_unit report", () => {
  const running = UnitHost.running({});

  it("tells what is there while nothing was done", () => {
    expect(reportOf(given({}).on(running))).to.deep.equal({
      unit_path: "/etc/systemd/system/flanneld.service",
      restarted: false,
      restart_reasons: [],
      active_state: "active",
      sub_state: "running",
      main_pid: 4711,
      enabled: true,
      flags: [],
      subnet: { network: "10.200.0.0/16", subnet: "10.200.1.1/24" },
      rolled_back: false,
    });
    const offline = given({}).on(running.withoutSystemd());
    expect(reportOf(offline)).to.include({ active_state: "unknown", main_pid: 0 });
  });

  it("tells until when the client certificate holds", () => {
    const host = running.withExpiry({ path: "/c.pem", endsAtMs: Date.UTC(2027, 0, 31, 12) });
    expect(reportOf(given({}).on(host))).to.include({
      certificate_expires: "2027-01-31T12:00:00Z",
    });
  });

  it("tells what was seen last", () => {
    const outcome = {
      systemd: { ...RUNNING, mainPid: 7 },
      subnet: { mtu: 1450 },
      score: { before: 9.6, after: 2.1 },
    };
    expect(reportOf(given({}).on(running), [], outcome)).to.deep.include({
      main_pid: 7,
      subnet: { mtu: 1450 },
      security_score: { before: 9.6, after: 2.1 },
    });
    const early = reportOf(given({}).on(running), [], { score: { before: 9.6 } });
    expect(early).not.to.have.property("security_score");
  });

  it("tells a restart that was carried out, not one that was planned", () => {
    const scene = given({ state: "restarted" }).on(running);
    expect(reportOf(scene)).to.include({ restarted: true });
    const stopped = reportOf(scene, []);
    expect(stopped).to.deep.include({
      restarted: false,
      restart_reasons: ["requested: state is restarted"],
    });
  });

  it("tells whether the unit starts at boot, also when the run ended before it came to that", () => {
    const enabling = given({}).on(running.linkedFrom());
    expect(reportOf(enabling)).to.include({ enabled: true });
    expect(reportOf(enabling, [])).to.include({ enabled: false });
    const removing = given({ state: "absent" }).on(running);
    expect(reportOf(removing)).to.deep.include({ enabled: false, flags: [], subnet: {} });
    expect(reportOf(removing, [])).to.include({ enabled: true });
    const alone = { state: "present", only: "cni", cni_conf_path: "/c.conflist", cni_conf: {} };
    for (const task of [{ state: "query" }, alone]) {
      expect(reportOf(given(task).on(running))).to.include({ enabled: true });
      expect(reportOf(given(task).on(running.linkedFrom()))).to.include({ enabled: false });
    }
  });

  it("calls it rolled back once the previous daemon was started, and not before", () => {
    const scene = given({ settings: { v: 1 } }).on(running);
    expect(reportOf(scene, [putBack("unit")])).to.include({ rolled_back: false });
    const steps = [putBack("unit"), startAgain("flanneld.service")];
    expect(reportOf(scene, steps)).to.include({ rolled_back: true });
  });
});
