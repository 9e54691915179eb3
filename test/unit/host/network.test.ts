import { expect } from "chai";

import { hasAddress, listInterfaces, tryAddressOf, tryIsUp } from "../../../src/host/network";

describe("network interfaces", () => {
  it("are listed, and known to be up", () => {
    expect(listInterfaces()).to.include("lo");
    expect(tryIsUp("lo")).to.equal(true);
  });

  it("are undefined when they do not exist", () => {
    expect(tryIsUp("nosuch0")).to.equal(undefined);
  });

  it("are found by address", () => {
    expect(hasAddress("127.0.0.1")).to.equal(true);
    expect(hasAddress("192.0.2.1")).to.equal(false);
  });

  it("have a first address of IPv4, or none", () => {
    expect(tryAddressOf("lo")).to.equal("127.0.0.1");
    expect(tryAddressOf("nosuch0")).to.equal(undefined);
  });
});
