// What a process gets is what was declared: fuzzed values through render, systemd, and a real exec. More of them are in
// test/long/systemd/quoting.test.ts.

import { expect } from "chai";
import fc from "fast-check";

import { declareRecorder, expectDelivered, hostileValue } from "../support/delivered-values";
import { SystemdLab } from "../support/systemd-lab";

const sample = fc.record({
  username: hostileValue,
  prefix: hostileValue,
  modules: hostileValue,
  password: hostileValue,
  variable: hostileValue,
});

const SAMPLES = 120;

describe("flannel_unit on systemd: quoting", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("quote");

  it("delivers every argument and variable as declared", async () => {
    const samples = fc.sample(sample, { numRuns: SAMPLES, seed: 20260101 });
    const declarations = samples.map(({ username, prefix, modules, password, variable }, index) =>
      declareRecorder(index, {
        settings: {
          "etcd-username": username,
          "kube-annotation-prefix": prefix,
          vmodule: modules,
          "etcd-password": password,
        },
        environment: { DECLARED: variable },
        network_config: { Backend: { PSK: password, Type: "vxlan" } },
      }),
    );
    await expectDelivered(lab, declarations);
  });

  it("passes systemd-analyze verify with any of these values", async () => {
    const hostile = { "etcd-username": "%n $HOME \\ \" ' ; é", "kube-annotation-prefix": "a;b" };
    const result = await lab.run(
      lab.daemon({ settings: hostile, environment: { A: '%n $B \\ "' } }),
    );
    expect(result["failed"], result.msg).to.equal(undefined);
    expect(
      (await lab.run(lab.daemon({ settings: hostile, environment: { A: '%n $B \\ "' } }))).changed,
    ).to.equal(false);
  });
});
