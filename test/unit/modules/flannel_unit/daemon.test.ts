import { expect } from "chai";

import { lacksAddress, withAddress } from "../../../../src/modules/flannel_unit/daemon";
import { renderUnit } from "../../../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "../../../support/flannel-unit";

const EMPTY = { settings: { "ip-masq": true, "public-ip": "" }, interface: "wg0" };

describe("the daemon of flannel_unit", () => {
  it("is told the host's address in its arguments and in its unit", () => {
    const declared = withAddress(declaredBy(EMPTY), "10.9.0.1");
    const argv = ["/usr/local/sbin/flanneld", "-ip-masq=true", "-public-ip=10.9.0.1"];
    expect(declared.argv).to.deep.equal(argv);
    expect(renderUnit(declared.unit, { network: undefined, certificates: "" }, "")).to.contain(
      "-public-ip=10.9.0.1\n",
    );
    expect(declared.unit.digest).not.to.equal(declaredBy(EMPTY).unit.digest);
  });

  const others: [string, Record<string, unknown>][] = [
    ["that has one", { ...EMPTY, settings: { "public-ip": "192.0.2.1" } }],
    ["that is to find one itself", { ...EMPTY, settings: {} }],
    ["whose user says the same", { ...EMPTY, settings_user: { "public-ip": null } }],
    ["where nobody knows the interface", { settings: EMPTY.settings }],
  ];
  for (const [what, given] of others) {
    it(`is not told an address ${what}`, () => {
      const declared = declaredBy(given);
      expect(withAddress(declared, "10.9.0.1")).to.equal(declared);
    });
  }

  it("is as it was declared while the address is not known", () => {
    const declared = declaredBy(EMPTY);
    expect(withAddress(declared, undefined)).to.equal(declared);
    expect(lacksAddress(declared.flags)).to.equal(true);
  });
});
