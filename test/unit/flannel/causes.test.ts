import { expect } from "chai";

import { CAUSE_RULES, recogniseCauses, recogniseRule } from "../../../src/flannel/causes";
import { SPECIMENS } from "../../support/cause-corpus";

describe("causes of a flanneld that does not come up", () => {
  for (const { rule, releases, lines } of SPECIMENS) {
    it(`names ${rule}, and it alone (${releases}): ${lines.at(-4) ?? lines.at(0) ?? ""}`, () => {
      expect(recogniseRule(lines)?.name).to.equal(rule);
      expect(recogniseCauses(lines)).to.have.length(1);
    });
  }

  it("says what to do about each", () => {
    for (const { name, cause, remedy } of CAUSE_RULES) {
      expect(cause.length, name).to.be.within(15, 120);
      expect(remedy.length, name).to.be.within(10, 240);
    }
  });

  it("has a journal for every rule but those for what is not known better", () => {
    const general = ["device", "lease", "network-config-unread", "subnet-manager", "flag-value"];
    const seen = new Set([...SPECIMENS.map(({ rule }) => rule), ...general]);
    expect(CAUSE_RULES.map(({ name }) => name).filter((name) => !seen.has(name))).to.deep.equal([]);
  });

  it("has rules of different names", () => {
    const names = CAUSE_RULES.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it("takes what a daemon says last for what stopped it", () => {
    const refused = "dial tcp 10.0.0.1:2379: connect: connection refused";
    const full = "Error registering network: failed to acquire lease: out of subnets";
    expect(recogniseRule([refused, full])?.name).to.equal("no-subnet-left");
    expect(recogniseRule([full, refused])?.name).to.equal("etcd-unreachable");
  });

  it("takes what only follows from something else for no cause beside it", () => {
    const healthz =
      "Start healthz server error. listen tcp 0.0.0.0:80: bind: address already in use";
    const limit = "flanneld.service: Start request repeated too quickly.";
    expect(recogniseRule([healthz, limit])?.name).to.equal("healthz-port");
  });

  it("does not take trouble with the Kubernetes API for trouble with etcd", () => {
    const refused = "dial tcp 127.0.0.1:6443: connect: connection refused";
    const ruleOf = (line: string) => recogniseRule([line, refused])?.name;
    expect(ruleOf("CLI flags config: {kubeSubnetMgr:false}")).to.equal("etcd-unreachable");
    expect(ruleOf("CLI flags config: {kubeSubnetMgr:true}")).to.equal(undefined);
    expect(ruleOf("failed to list *v1.Node: Get")).to.equal("kube-api");
  });

  it("takes silence for a cause only at the very end", () => {
    expect(
      recogniseCauses(["Installing signal handlers", "Found network config - Backend type: vxlan"]),
    ).to.deep.equal([]);
  });

  it("invents nothing for lines of a daemon that is well", () => {
    const lines = [
      "I1123 main.go:540] Found network config - Backend type: vxlan",
      "W1123 main.go:610] no subnet found for key: FLANNEL_SUBNET in file: /run/flannel/subnet.env",
      "W1123 registry.go:1] no certificate provided: connecting to etcd with http. This is insecure",
      "I1123 iptables.go:1] bootstrap done",
      "I1123 main.go:481] Wrote subnet file to /run/flannel/subnet.env",
      "I1123 main.go:488] Running backend.",
    ];
    for (const line of lines) expect(recogniseCauses([line]), line).to.deep.equal([]);
  });
});
