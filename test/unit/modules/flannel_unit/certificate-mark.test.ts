import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  certificateMarkOf,
  fingerprintsOfProcess,
  observeFingerprints,
} from "../../../../src/modules/flannel_unit/certificate-mark";
import { UnitHost, declaredBy, fileOf, given } from "../../../support/flannel-unit";

const PATH = "/etc/etcd/cert.pem";
const OPTIONS = { settings: { "etcd-certfile": PATH, "etcd-cafile": "/ca.pem" } };
const UNIT = "/etc/systemd/system/flanneld.service";
const VARIABLE = "ANSIBLE_FLANNEL_CERTIFICATES";
const REASON = `file: ${PATH} has changed since the process started`;
const [BEFORE, AFTER, FUTURE] = [500, 2000, 9000];

describe("flannel_unit certificate mark", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "certificate-mark-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is found again in a process, and tells one content from another", () => {
    const path = join(folder, "cert.pem");
    const missing = join(folder, "none.pem");
    const { flags, replaced } = declaredBy({
      settings: { "etcd-certfile": path, "etcd-keyfile": missing, iface: "lo" },
    });
    const markOf = (text: string) => {
      writeFileSync(path, text);
      return certificateMarkOf({ flags, replaced }, observeFingerprints(flags));
    };
    const mark = markOf("one");
    expect(mark).to.match(/^etcd-certfile=[0-9a-f]{8}$/);
    expect(markOf("one")).to.equal(mark);
    expect(markOf("onf")).to.not.equal(mark);
    const carried = fingerprintsOfProcess(flags, new Map([[VARIABLE, mark]]));
    expect([...carried]).to.deep.equal([[path, mark.slice(-8)]]);
    expect(fingerprintsOfProcess(flags).size).to.equal(0);
  });

  it("holds nothing of files that may have passwords in them", () => {
    const settings = { "kube-subnet-mgr": true, "kubeconfig-file": __filename };
    const { flags, replaced } = declaredBy({ settings });
    expect(certificateMarkOf({ flags, replaced }, observeFingerprints(flags))).to.equal("");
  });

  describe("and the date decide whether the process has other certificates", () => {
    const running = UnitHost.running(OPTIONS);
    /** A daemon that was started with certificate "a". */
    const carrying = (certificate: string, changedAtMs: number) =>
      running
        .withVariables({ [VARIABLE]: "etcd-certfile=a" })
        .withCertificates({ [PATH]: certificate })
        .touched(PATH, changedAtMs);
    const scenes: [string, UnitHost, readonly string[]][] = [
      ["touched, and as it was", carrying("a", AFTER), []],
      ["another, and newer", carrying("b", AFTER), [REASON]],
      ["another, of the future", carrying("b", FUTURE), [REASON]],
      ["as it was, of the future", carrying("a", FUTURE), []],
      ["another, that was there when the process started again", carrying("b", BEFORE), []],
      ["newer, and nothing is carried", running.touched(PATH, AFTER), [REASON]],
    ];
    for (const [what, host, reasons] of scenes) {
      it(what, () => {
        const scene = given(OPTIONS).on(host);
        scene.because(...reasons);
        scene.warns();
      });
    }

    it("in check mode, of a file that the real run has replaced, that it will be another", () => {
      const host = UnitHost.running(OPTIONS).withCertificates({ [PATH]: "a" });
      const diffOf = (options: Record<string, unknown>, on: UnitHost) =>
        given(options).on(on).plan.changes[0]?.diff;
      const marked = host.withFile(UNIT, fileOf(given(OPTIONS).on(host).plan.texts.unit));
      const predicted = diffOf({ ...OPTIONS, replaced: [PATH] }, marked);
      expect(predicted?.after).to.contain(`${VARIABLE}=******** (changed)`);
      // The real run finds the other file.
      expect(diffOf(OPTIONS, marked.withCertificates({ [PATH]: "b" }))).to.deep.equal(predicted);
    });
  });

  it("is no part of what the unit does: that it is new restarts nothing", () => {
    const host = UnitHost.running(OPTIONS).withCertificates({ [PATH]: "a" });
    const scene = given(OPTIONS).on(host);
    scene.plans("write /etc/systemd/system/flanneld.service", "reload systemd").because();
  });
});
