import { createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { expect } from "chai";

import {
  findDeviceFault,
  findHealthFault,
  judgeSubnetFile,
  judgeUnit,
} from "../../../../src/modules/flannel_unit/probe";
import { RUNNING } from "../../../support/flannel-unit";

describe("flannel_unit probe", () => {
  const SINCE = 100;
  const started = { ...RUNNING, startedAtUs: 101 };
  const failed = { ...started, activeState: "failed", subState: "failed", mainPid: 0 };
  const units: [string, Parameters<typeof judgeUnit>[0], string | undefined][] = [
    ["a new process", started, undefined],
    ["no answer", undefined, "waiting"],
    ["the process of before", { ...started, startedAtUs: 99 }, "waiting"],
    ["a start that is still queued", { ...started, hasJob: true }, "waiting"],
    ["a unit without a process", { ...started, mainPid: 0 }, "waiting"],
    ["a unit that is about to start", { ...started, activeState: "activating" }, "waiting"],
    ["a unit that failed", failed, "failed"],
    ["a unit that failed before, and has a job", { ...failed, hasJob: true }, "waiting"],
  ];
  for (const [what, unit, expected] of units) {
    it(`takes ${what} for ${expected ?? "one that can be looked at"}`, () => {
      expect(judgeUnit(unit, SINCE)?.kind).to.equal(expected);
    });
  }

  const STARTED_MS = 10_000;
  const TEXT = "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\n";
  const files: [string, Parameters<typeof judgeSubnetFile>[1], string | undefined][] = [
    ["the new process's", { content: TEXT, writtenAtMs: 10_001 }, undefined],
    ["one a tick of the clock too old", { content: TEXT, writtenAtMs: 9901 }, undefined],
    ["the old process's", { content: TEXT, writtenAtMs: 9899 }, "to be written by the new process"],
    ["none", undefined, "/s, which does not exist"],
    [
      "one of another network",
      { content: TEXT.replace(/200/g, "9"), writtenAtMs: 10_001 },
      "to fit, but it has network 10.9.0.0/16, expected 10.200.0.0/16",
    ],
    ["an empty one", { content: "", writtenAtMs: 10_001 }, "to fit, but it has network none"],
  ];
  for (const [what, file, expected] of files) {
    it(`${expected === undefined ? "takes" : "waits with"} ${what} for a subnet file`, () => {
      const networks = { network: "10.200.0.0/16" };
      const problem = judgeSubnetFile("/s", file, networks, STARTED_MS);
      if (expected === undefined) expect(problem).to.equal(undefined);
      else expect(problem).to.contain(expected);
    });
  }

  it("waits until every device is there, and up", () => {
    const look = (states: Record<string, boolean>) => (name: string) => states[name];
    expect(findDeviceFault(["a", "b"], look({ a: true, b: true }))).to.equal(undefined);
    expect(findDeviceFault(["a", "b"], look({ a: true }))).to.contain("b, which does not exist");
    expect(findDeviceFault(["a", "b"], look({ a: false, b: true }))).to.contain("a to be up");
  });

  it("asks healthz, and takes nothing but 200 for an answer", async () => {
    let status = 200;
    const server = createServer((_request, response) => {
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://localhost:${(server.address() as AddressInfo).port}/healthz`;
    try {
      expect(await findHealthFault(url)).to.equal(undefined);
      status = 503;
      expect(await findHealthFault(url)).to.equal(`${url} to answer 200, it gives 503`);
    } finally {
      server.close();
    }
    expect(await findHealthFault(url)).to.equal(`${url} to answer 200, it gives no answer`);
    expect(await findHealthFault(undefined)).to.equal(undefined);
  });
});
