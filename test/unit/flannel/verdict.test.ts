import { expect } from "chai";

import { type Trial } from "../../../src/flannel/reach";
import { type Verdict, judge } from "../../../src/flannel/verdict";

const CIRCUMSTANCES = { mtu: 1450, backend: "vxlan", checksumErrors: { pod: 0, host: 0 } };

function trial(host: string, more: Partial<Trial> = {}): Trial {
  const address = `10.200.${host.replace(/\D/g, "")}.254`;
  const found = { ping: true, fullPing: true, ownPing: null, udp: true, tcp: "ok" as const };
  const seen = { seenAs: "10.200.1.254", source: "10.200.1.254" };
  return {
    host,
    address,
    from: "pod",
    to: "pod",
    ...found,
    largest: null,
    ...seen,
    route: null,
    ...more,
  };
}

/** From both places. */
function both(host: string, more: Partial<Trial> = {}): { host: string; trials: readonly Trial[] } {
  return { host, trials: [trial(host, more), trial(host, { from: "host", ...more })] };
}

const NOTHING = { ping: false, fullPing: false, udp: false, tcp: "no_answer" } as const;
const PING_ONLY = { udp: false, tcp: "no_answer" } as const;

describe("judge", () => {
  const about = (peers: Parameters<typeof judge>[0], lacks: readonly string[] = []): Verdict =>
    judge(peers, CIRCUMSTANCES, lacks);

  it("is green where everybody is reached from everywhere", () => {
    const verdict = about([both("worker-2"), both("worker-3")]);
    expect(verdict).to.deep.include({
      ok: true,
      tried: 2,
      unreached: [],
      remedies: [],
      suspects: [],
    });
    expect(verdict.text).to.equal("2 of 2 other hosts reached over the overlay");
    expect(verdict.reach["worker-3"]).to.deep.equal({
      address: "10.200.3.254",
      ping: true,
      tcp: true,
      word: "ok",
    });
  });

  it("is never green where nothing was tried", () => {
    const silent = about([{ host: "worker-2", trials: [] }]);
    expect(silent).to.include({ ok: false, tried: 0 });
    expect(silent.text).to.match(/^worker-2: serves no echo, so nothing was tried/);
    expect(silent.reach["worker-2"]).to.include({ ping: false, tcp: false, word: "no" });
    expect(about([both("worker-2"), { host: "worker-3", trials: [] }]).ok).to.equal(false);
    expect(about([], ["this host has no subnet"]).ok).to.equal(false);
    expect(about([both("worker-2")], ["this host has no subnet"]).ok).to.equal(false);
  });

  it("knows no verdict where there is no other host", () => {
    expect(about([])).to.include({ ok: null, tried: 0 });
    expect(about([]).text).to.equal("there is no other host to try the overlay with");
  });

  it("says a thing once, and from where when it is so from one place only", () => {
    const everywhere = about([both("worker-2", PING_ONLY)]);
    expect(everywhere.unreached).to.deep.equal([
      "worker-2 (10.200.2.254): ping works, TCP does not",
    ]);
    expect(everywhere.suspects).to.deep.equal(["worker-2"]);
    expect(everywhere.text).to.match(
      /^worker-2 .* TCP does not\. Ping without TCP is .*: false\. Otherwise/,
    );
    const fromHost = {
      host: "worker-2",
      trials: [trial("worker-2"), trial("worker-2", { from: "host", ...PING_ONLY })],
    };
    expect(about([fromHost]).unreached).to.deep.equal([
      "worker-2 (10.200.2.254): ping works, TCP does not (from this host itself)",
    ]);
  });

  it("names both addresses of a host with two families, and judges each by itself", () => {
    const v6 = { address: "fd00::2" };
    const trials = [
      ...both("worker-2", NOTHING).trials,
      ...both("worker-2", { ...v6, ...NOTHING }).trials,
    ];
    expect(about([{ host: "worker-2", trials }]).unreached).to.deep.equal([
      "worker-2 (10.200.2.254, fd00::2): not reached over the overlay",
    ]);
    const one = [...both("worker-2").trials, ...both("worker-2", { ...v6, ...NOTHING }).trials];
    expect(about([{ host: "worker-2", trials: one }]).unreached).to.deep.equal([
      "worker-2 (fd00::2): not reached over the overlay",
    ]);
  });

  it("gives each remedy once, however many hosts it is for", () => {
    const verdict = about([both("worker-2", NOTHING), both("worker-3", NOTHING)]);
    expect(verdict.unreached).to.have.length(2);
    expect(verdict.remedies).to.have.length(1);
  });

  it("leaves doubts out of the remedy where one of the places has proof of wrong checksums", () => {
    const proven = { ...CIRCUMSTANCES, checksumErrors: { pod: 3, host: 0 } };
    const { remedies, text } = judge([both("worker-2", PING_ONLY)], proven, []);
    expect(remedies).to.have.length(1);
    expect(text).to.match(/set flannel_tx_checksum_offload: false\.$/);
    const another = {
      host: "worker-3",
      trials: [trial("worker-3", { from: "host", ...PING_ONLY })],
    };
    expect(judge([both("worker-2", PING_ONLY), another], proven, []).remedies).to.have.length(2);
  });

  it("stays green, and says it, where something is odd", () => {
    const verdict = about([both("worker-2", { fullPing: false })]);
    expect(verdict.ok).to.equal(true);
    expect(verdict.oddities).to.have.length(1);
    expect(verdict.text).to.match(
      /^1 of 1 other hosts reached .*; worker-2 .* fragmented on the way; /,
    );
  });

  it("tells for a table what ping and TCP did", () => {
    const wordOf = (more: Partial<Trial>): unknown =>
      about([both("worker-2", more)]).reach["worker-2"];
    expect(wordOf(PING_ONLY)).to.include({ ping: true, tcp: false, word: "ping only" });
    expect(wordOf(NOTHING)).to.include({ ping: false, tcp: false, word: "no" });
    expect(wordOf({ ping: null, fullPing: null })).to.include({
      ping: null,
      tcp: true,
      word: "ok",
    });
  });
});
