import { expect } from "chai";

import { findUnrouted } from "../../../../src/modules/flannel_unit/lease-routes";
import { UnitHost, given } from "../../../support/flannel-unit";

const LEASES = ["10.200.1.0/24", "10.200.2.0/24", "10.200.3.0/24"];
const VXLAN = { backend: { Type: "vxlan" } };
const SUBNET = "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\n";

describe("flannel_unit lease routes", () => {
  const find = (routes: readonly string[], backend: object = VXLAN.backend, subnet = SUBNET) =>
    findUnrouted(LEASES, new Set(routes), { backend: backend }, subnet);

  it("are missing where no route leads to the very subnet of another host", () => {
    expect(find(["10.200.2.0/24", "10.200.3.0/24"])).to.deep.equal([]);
    expect(find(["10.200.2.0/24"])).to.deep.equal(["10.200.3.0/24"]);
    expect(find(["0.0.0.0/0", "10.200.0.0/16"])).to.deep.equal(["10.200.2.0/24", "10.200.3.0/24"]);
    expect(find([], { Type: "VXLAN" })).to.have.length(2);
    expect(find([], VXLAN.backend, "")).to.have.length(3);
  });

  it("are looked for only where each lease has one that nobody else makes again", () => {
    for (const backend of [{ Type: "wireguard" }, { Type: "host-gw" }, { Type: "udp" }, {}]) {
      expect(find([], backend), JSON.stringify(backend)).to.deep.equal([]);
    }
  });

  it("are none of what is no IPv4 network", () => {
    expect(findUnrouted(["fd00::/64", "", "x"], new Set(), VXLAN, SUBNET)).to.deep.equal([]);
  });

  describe("of a daemon that runs", () => {
    const network_config = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
    const options = { network_config, leases: LEASES };
    const host = UnitHost.running(options);

    it("restart it, once", () => {
      given(options).on(host.withRoutes("10.200.2.0/24", "10.200.3.0/24")).plans().because();
      given(options)
        .on(host)
        .plans("restart flanneld.service")
        .because("route: there is no route to 10.200.2.0/24 and 1 more, of which etcd has a lease");
      given(options)
        .on(host.withRoutes("10.200.2.0/24"))
        .because("route: there is no route to 10.200.3.0/24, of which etcd has a lease");
    });

    it("are no concern where nothing is known of leases, or the daemon is only being started", () => {
      given({ network_config }).on(host).because();
      given(options).on(host.stopped()).because();
      given(options)
        .on(host.systemdSays({ activeState: "activating" }))
        .because();
    });
  });
});
