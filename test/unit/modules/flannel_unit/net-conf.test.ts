import { expect } from "chai";

import { parseVersion } from "../../../../src/flannel/version";
import { netConfOf, netConfToRemove } from "../../../../src/modules/flannel_unit/net-conf";

const PATH = "/etc/flannel/net-conf.json";
const VERSION = parseVersion("v0.28.9");
const PSK = "correct-horse-battery-staple";

describe("flannel_unit's network configuration for kube-subnet-mgr", () => {
  it("is written with sorted keys, as to_nice_json did it", () => {
    const document = { Network: "10.200.0.0/16", Backend: { VNI: 7, Type: "vxlan" } };
    expect(netConfOf(PATH, document, VERSION).content).to.equal(
      '{\n  "Backend": {\n    "Type": "vxlan",\n    "VNI": 7\n  },\n  "Network": "10.200.0.0/16"\n}\n',
    );
  });

  it("has numbers where templates make text of them", () => {
    const document = { Network: "10.200.0.0/16", SubnetLen: "26", Backend: { Type: "vxlan" } };
    expect(netConfOf(PATH, document, VERSION).content).to.contain('"SubnetLen": 26\n');
  });

  it("is checked by the rules of the release, with all faults at once", () => {
    const document = { Network: "10.200.0.0", Backend: { Type: "vxlan", VNJ: 1 } };
    expect(() => netConfOf(PATH, document, VERSION))
      .to.throw("network_config: 3 faults: ")
      .with.property("code", "invalid_config");
    const ipv6 = { Network: "10.200.0.0/16", EnableIPv6: true, IPv6Network: "fd00::/48" };
    const backend = { Backend: { Type: "vxlan" } };
    expect(() => netConfOf(PATH, { ...ipv6, ...backend }, parseVersion("v0.14.0"))).to.throw(
      "needs flannel v0.15.0",
    );
  });

  it("needs a release to be checked for", () => {
    expect(() => netConfOf(PATH, {}, undefined)).to.throw(
      "net_conf_path: also needs flannel_version",
    );
  });

  it("stands where a release looks that cannot be told", () => {
    const document = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
    const old = parseVersion("v0.11.0");
    expect(() => netConfOf(PATH, document, old)).to.throw(
      "flannel v0.11.0 reads /etc/kube-flannel/net-conf.json only",
    );
    const fixed = "/etc/kube-flannel/net-conf.json";
    expect(netConfOf(fixed, document, old)).to.include({ path: fixed });
  });

  it("is shown without its secrets, also those that were there before", () => {
    const { hide, content } = netConfToRemove(PATH);
    expect(content).to.equal(undefined);
    const shown = hide(JSON.stringify({ Backend: { Type: "ipsec", psk: PSK, a: [{ PSK }] } }));
    expect(shown).to.contain('"psk": "********"').and.contain('"Type": "ipsec"');
    expect(shown).not.to.contain(PSK);
    expect(hide(`{"PSK": "${PSK}",}`))
      .to.contain("not JSON")
      .and.not.contain(PSK);
  });
});
