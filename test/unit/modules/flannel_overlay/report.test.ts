import { expect } from "chai";

import { nothing } from "../../../../src/modules/flannel_overlay/apply";
import { plan } from "../../../../src/modules/flannel_overlay/plan";
import { report } from "../../../../src/modules/flannel_overlay/report";
import { type HostState, declaredBy, hostOf } from "../../../support/flannel-overlay";

const ECHO = { address: "10.200.2.254", port: 7001, udp_port: 7002, place: "pod" } as const;
const TRIAL = {
  host: "worker-2",
  address: ECHO.address,
  from: "pod",
  to: "pod",
  ping: true,
  fullPing: true,
  ownPing: null,
  udp: true,
  tcp: "ok",
  largest: null,
  seenAs: "10.200.1.254",
  source: "10.200.1.254",
  route: null,
} as const;
const TRIED = { trials: [TRIAL], checksumErrors: { pod: 0, host: 0 }, likePod: true, faults: [] };

describe("flannel_overlay report", () => {
  const triedOn = (host: HostState): Readonly<Record<string, unknown>> => {
    const declared = declaredBy({
      state: "tried",
      host: "worker-1",
      peers: { "worker-2": { ipv4: ECHO } },
    });
    const observed = hostOf(host);
    return report(declared, observed, plan(declared, observed), { changes: [], outcome: nothing });
  };

  it("tells who is reached", () => {
    expect(triedOn({ tried: TRIED })).to.deep.include({
      state: "tried",
      ok: true,
      tried: 1,
      like_pod: true,
      checksum_errors: 0,
      echo: null,
      verdict: "1 of 1 other hosts reached over the overlay",
    });
  });

  it("is not green where a process for the trial could not be started", () => {
    const broken = {
      ...TRIED,
      trials: [],
      likePod: false,
      faults: ["cannot try the overlay: no memory"],
    };
    const result = triedOn({ tried: broken });
    expect(result).to.include({ ok: false, tried: 0, like_pod: false });
    expect(result["hindrances"]).to.include("cannot try the overlay: no memory");
  });

  it("is not green on a host without a subnet, whoever is reached", () => {
    for (const lease of ["missing", "empty"] as const) {
      const result = triedOn({ tried: TRIED, lease });
      expect(result["ok"]).to.equal(false);
      expect(result["verdict"]).to.match(/^this host has no subnet in \/run\/flannel\/subnet\.env/);
    }
  });

  it("has no verdict of check mode", () => {
    expect(triedOn({})).to.include({
      ok: null,
      tried: 0,
      verdict: "nothing was tried: check mode",
    });
  });

  it("tells where it serves, and why not like a pod although that was planned", () => {
    const declared = declaredBy();
    const observed = hostOf();
    const outcome = {
      echo: { ipv4: ECHO },
      hindrance: "ip netns add flannel-overlay: not permitted",
    };
    const result = report(declared, observed, plan(declared, observed), { changes: [], outcome });
    expect(result).to.deep.include({ state: "serving", echo: { ipv4: ECHO } });
    expect(result["hindrances"]).to.deep.equal([
      "at the host's own address, not like a pod: ip netns add flannel-overlay: not permitted",
    ]);
    expect(result).to.not.have.property("ok");
  });
});
