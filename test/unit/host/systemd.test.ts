import { spawnSync } from "node:child_process";

import { expect } from "chai";

import { parseUnitState, verifyUnit } from "../../../src/host/systemd";

const RUNNING = `LoadState=loaded
ActiveState=active
SubState=running
Result=success
MainPID=638
ExecMainCode=0
ExecMainStatus=0
ExecMainStartTimestampMonotonic=123456789
UnitFileState=enabled
FragmentPath=/etc/systemd/system/flanneld.service
DropInPaths=/etc/systemd/system/flanneld.service.d/a.conf /run/systemd/system/flanneld.service.d/b.conf
NeedDaemonReload=no
NRestarts=2
Job=
StatusText=up = running
InvocationID=1310073b0adc4b30b559a71826d59101`;

describe("the state of a unit", () => {
  it("is read from systemctl show", () => {
    expect(parseUnitState(RUNNING)).to.deep.equal({
      loadState: "loaded",
      activeState: "active",
      subState: "running",
      result: "success",
      mainPid: 638,
      exitKind: "",
      exitStatus: 0,
      startedAtUs: 123456789,
      unitFileState: "enabled",
      fragmentPath: "/etc/systemd/system/flanneld.service",
      dropInPaths: [
        "/etc/systemd/system/flanneld.service.d/a.conf",
        "/run/systemd/system/flanneld.service.d/b.conf",
      ],
      needsReload: false,
      restarts: 2,
      hasJob: false,
      statusText: "up = running",
      invocationId: "1310073b0adc4b30b559a71826d59101",
    });
  });

  it("tells how a process ended, a pending job and a unit that changed on disk", () => {
    const text = "ExecMainCode=2\nExecMainStatus=9\nJob=4711\nNeedDaemonReload=yes\n";
    expect(parseUnitState(text)).to.include({
      exitKind: "killed",
      exitStatus: 9,
      hasJob: true,
      needsReload: true,
    });
  });

  it("is that of a unit nobody knows when systemd names no property", () => {
    expect(parseUnitState("")).to.include({
      mainPid: 0,
      activeState: "",
      restarts: 0,
      startedAtUs: 0,
    });
  });
});

describe("what systemd-analyze says of a unit", () => {
  before(function () {
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) this.skip();
  });

  it("is nothing of one that is right", async () => {
    expect(await verifyUnit("unit-test.service", "[Service]\nExecStart=/bin/true\n")).to.deep.equal(
      [],
    );
  });

  it("is heard where it names no line, too", async () => {
    const argument = "x".repeat(1_100_000);
    const text = `[Service]\nExecStart=/bin/true ${argument}\n`;
    const complaints = await verifyUnit("unit-test.service", text);
    expect(complaints.join()).to.contain("Unit unit-test.service failed to load");
  });
});
