import { expect } from "chai";

import { HARDENING_NAMES, hardeningOf } from "../../../../src/modules/flannel_unit/hardening";

describe("flannel_unit hardening", () => {
  const directives = new Map(hardeningOf("/run/flannel/subnet.env"));

  it("leaves the daemon what its backends need, and no capability more", () => {
    const capabilities = directives.get("CapabilityBoundingSet")?.split(" ");
    expect(capabilities).to.have.members([
      "CAP_NET_ADMIN", // links, routes, iptables
      "CAP_NET_RAW", // iptables
      "CAP_NET_BIND_SERVICE", // healthz
      "CAP_DAC_READ_SEARCH", // certificates
    ]);
    expect(directives.get("DeviceAllow")).to.equal("/dev/net/tun rw");
    expect(directives.get("RestrictAddressFamilies")?.split(" ")).to.include.members([
      "AF_INET",
      "AF_INET6",
      "AF_NETLINK",
      "AF_UNIX",
    ]);
    expect(directives.get("ReadWritePaths")).to.equal("/run /proc/sys/net");
  });

  it("knows the names that an older systemd may complain of", () => {
    expect(HARDENING_NAMES.has("ProtectProc")).to.equal(true);
    expect(HARDENING_NAMES.has("Nice")).to.equal(false);
  });
});
