// The two ends of a trial, as they are sent: on this machine's own loopback.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Server, createServer } from "node:net";

import { expect } from "chai";

import { endEchoes, findEchoes, startEcho } from "../../../src/host/echo";
import { Prober } from "../../../src/host/prober";
import { probe } from "../../../src/host/reach";
import { type Probed, type ServedAt } from "../../../src/host/reach-protocol";

describe("an echo and those who reach for it", function () {
  this.timeout(20_000);
  let served: readonly ServedAt[];
  let started: readonly number[];

  before(async () => {
    const there = new Set(findEchoes());
    served = await startEcho("host", { addresses: ["127.0.0.1", "127.0.0.2"], lifetimeMs: 60_000 });
    started = findEchoes().filter((pid) => !there.has(pid));
  });
  after(async () => {
    await endEchoes(started);
    expect(findEchoes()).to.not.include.members([...started]);
  });

  const reachFor = async (target: ServedAt, program = "ping"): Promise<Probed | undefined> => {
    const order = { targets: [target], mtu: 1450, atOnce: 1, program };
    const { found } = await new Prober(createRequire(__filename), order).run();
    return found[0];
  };
  const serverOf = async (server: Server): Promise<ServedAt> => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address() as { port: number };
    return { address: "127.0.0.1", port: address.port, udp_port: address.port };
  };

  it("find each other, at every address and in a process of its own", async () => {
    const { found, checksumErrors } = await probe("host", served, 1450);
    expect(found.map(({ tcp, udp, largest }) => ({ tcp, udp, largest }))).to.deep.equal([
      { tcp: "ok", udp: true, largest: null },
      { tcp: "ok", udp: true, largest: null },
    ]);
    expect(found[0]).to.include({ seenAs: "127.0.0.1", source: "127.0.0.1" });
    expect(checksumErrors.after).to.be.at.least(checksumErrors.before);
  });

  it("is found with the keeper first, which would clear away what comes after it otherwise", () => {
    const programs = started.map(
      (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0],
    );
    expect(programs).to.deep.equal(["/bin/sh", process.execPath]);
  });

  it("knows nothing of ping where there is no such program, or one that cannot do it", async () => {
    const [first] = served as [ServedAt];
    for (const program of ["/no/such/ping", "/usr/bin/tail"]) {
      const found = await reachFor(first, program);
      expect(found, program).to.include({ ping: null, fullPing: null, tcp: "ok" });
    }
    expect(await reachFor(first, "/bin/false")).to.include({
      ping: false,
      fullPing: false,
      tcp: "ok",
    });
  });

  it("knows a port that refuses, an end that answers otherwise, and one that does not answer", async () => {
    const gone = { address: "127.0.0.3", port: 9, udp_port: 9 };
    const liar = createServer((peer) => {
      peer.on("error", () => undefined);
      peer.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const mute = createServer((peer) => peer.on("error", () => undefined).resume());
    const targets = [gone, await serverOf(liar), await serverOf(mute)];
    const [refused, lied, silent] = await Promise.all(targets.map((target) => reachFor(target)));
    expect(refused).to.include({ tcp: "refused", udp: false, seenAs: null });
    expect(lied).to.have.property("tcp", "garbled");
    expect(silent).to.have.property("tcp", "stalled");
    liar.close();
    mute.close();
  });

  it("says why an echo cannot be served", async () => {
    const order = { addresses: ["192.0.2.77"], lifetimeMs: 1000 };
    const failure = await startEcho("host", order).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "host");
    expect(failure)
      .to.have.property("message")
      .that.matches(/the echo did not start: .*EADDRNOTAVAIL/);
  });
});
