import { expect } from "chai";

import { routeKindOf } from "../../../src/flannel/route-kind";

describe("routeKindOf", () => {
  /** [exit code, what ip prints, on stderr, the kind]. */
  const CASES: readonly (readonly [number, string, string, string | null])[] = [
    [0, "10.200.2.0/24 via 10.200.2.0 dev flannel.1 onlink", "", "lease"],
    [0, "10.200.0.0/16 dev flannel0 proto kernel scope link", "", "lease"],
    [0, "fd00:200:0:2::/64 via fe80::1 dev eth0 metric 1024", "", "lease"],
    [0, "default via 10.9.0.254 dev eth0", "", "default"],
    [0, "::/0 via fe80::1 dev eth0", "", "default"],
    [0, "blackhole 10.200.0.0/16", "", "none"],
    [0, "unreachable default dev lo metric 4294967295", "", "none"],
    [2, "", "RTNETLINK answers: Network is unreachable", "none"],
    [2, "", "RTNETLINK answers: Invalid argument", "none"],
    [1, "", 'Error: inet prefix is expected rather than "fibmatch".', null],
  ];
  for (const [exitCode, stdout, stderr, kind] of CASES) {
    it(`reads ${stdout || stderr} as ${kind ?? "nothing"}`, () => {
      expect(routeKindOf({ exitCode, stdout, stderr })).to.equal(kind);
    });
  }
});
