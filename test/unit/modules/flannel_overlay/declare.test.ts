import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { declaredBy } from "../../../support/flannel-overlay";

const ECHO = {
  address: "10.200.2.254",
  port: 7001,
  udp_port: 7002,
  place: "pod",
  own: "10.200.2.0",
};
const V6 = { address: "fd00:2::1", port: 7003, udp_port: 7004, place: "host" };

describe("flannel_overlay declare", () => {
  it("tries all hosts but its own, at every address that they serve", () => {
    const peers = { "worker-1": { ipv4: ECHO }, "worker-2": { ipv4: ECHO, ipv6: V6 } };
    const declared = declaredBy({ state: "tried", host: "worker-1", peers, backend: "VXLAN" });
    expect(declared.peers).to.deep.equal([{ host: "worker-2", echoes: [ECHO, V6] }]);
    expect(declared.backend).to.equal("vxlan");
  });

  it("counts a host without an echo, which templates write in several ways", () => {
    const peers = { a: null, b: "", c: {}, d: { ipv4: null, ipv6: null } };
    const hosts = declaredBy({ state: "tried", peers }).peers;
    expect(hosts.map(({ host }) => host)).to.deep.equal(["a", "b", "c", "d"]);
    expect(hosts.flatMap(({ echoes }) => echoes)).to.deep.equal([]);
  });

  it("takes ports that a template has made text of", () => {
    const ipv4 = { ...ECHO, port: "7001", udp_port: "7002" };
    expect(declaredBy({ state: "tried", peers: { a: { ipv4 } } }).peers[0]?.echoes).to.deep.equal([
      ECHO,
    ]);
  });

  /** [what stands for the echo of host a, what is said of it]. */
  const WRONG: readonly (readonly [unknown, RegExp])[] = [
    ["10.200.2.1:80", /^peers: a: .* is not an echo: expected the key echo of that host's result/],
    [[ECHO], /is not an echo/],
    [{ ipv5: ECHO }, /unknown key ipv5/],
    [ECHO, /unknown key address/],
    [{ ipv4: { ...ECHO, address: "worker-2" } }, /has no address and ports/],
    [{ ipv4: { ...ECHO, address: "-f" } }, /has no address and ports/],
    [{ ipv4: { ...ECHO, port: 0 } }, /has no address and ports/],
    [{ ipv4: { ...ECHO, udp_port: 65_536 } }, /has no address and ports/],
    [{ ipv6: { address: V6.address } }, /has no address and ports/],
  ];
  for (const [echo, message] of WRONG) {
    it(`refuses ${JSON.stringify(echo)}`, () => {
      expect(() => declaredBy({ state: "tried", peers: { a: echo } }))
        .to.throw(ModuleError, message)
        .with.property("code", "invalid_arguments");
    });
  }
});
