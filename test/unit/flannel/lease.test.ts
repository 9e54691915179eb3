import { expect } from "chai";

import {
  capacityOf,
  describeLease,
  isUsableLease,
  reportLease,
  tryParseLease,
} from "../../../src/flannel/lease";
import { readNetworkConfig } from "../../../src/flannel/network-config";
import { type SubnetRange } from "../../../src/flannel/subnet-range";
import { parseVersion } from "../../../src/flannel/version";

function rangesOf(document: Record<string, unknown>): readonly SubnetRange[] {
  const reader = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };
  return (
    readNetworkConfig({ Backend: { Type: "vxlan" }, ...document }, reader).config?.ranges ?? []
  );
}

function lease(name: string, publicIp = "10.8.0.111"): ReturnType<typeof tryParseLease> {
  const value = JSON.stringify({
    PublicIP: publicIp,
    BackendType: "vxlan",
    BackendData: { VNI: 1 },
  });
  return tryParseLease({ key: `/net/subnets/${name}`, value, ttlSeconds: 86_000 });
}

describe("leases", () => {
  it("are read from key and value", () => {
    const found = lease("10.200.31.0-24");
    expect(found && reportLease(found)).to.deep.equal({
      subnet: "10.200.31.0/24",
      ipv6_subnet: null,
      public_ip: "10.8.0.111",
      public_ipv6: null,
      backend_type: "vxlan",
      expires_in: 86_000,
    });
    expect(found && describeLease(found)).to.equal("10.200.31.0/24 of 10.8.0.111");
  });

  it("of dual stack have both subnets in the key", () => {
    const found = lease("10.200.31.0-24&fd00:200:0:31::-64");
    expect(found && reportLease(found)).to.include({
      subnet: "10.200.31.0/24",
      ipv6_subnet: "fd00:200:0:31::/64",
    });
  });

  it("of IPv6 alone have no IPv4 subnet", () => {
    const value = '{"PublicIP":"0.0.0.0","PublicIPv6":"fd08::5","BackendType":"host-gw"}';
    const found = tryParseLease({ key: "0.0.0.0-0&fd00:200:0:5d::-64", value, ttlSeconds: 5 });
    expect(found && reportLease(found)).to.include({
      subnet: null,
      ipv6_subnet: "fd00:200:0:5d::/64",
    });
    expect(found && describeLease(found)).to.equal("fd00:200:0:5d::/64 of fd08::5");
  });

  it("show no secret that stands where an address should", () => {
    const value = JSON.stringify({ PublicIP: '{"PSK":"hunter2"}' });
    const lease = tryParseLease({ key: "/net/subnets/10.1.2.0-24", value, ttlSeconds: 1 });
    expect(lease?.publicIp).to.equal("********");
  });

  it("with an unreadable value still count", () => {
    const found = tryParseLease({ key: "10.200.31.0-24", value: "{", ttlSeconds: undefined });
    expect(found && reportLease(found)).to.include({ public_ip: null, expires_in: null });
  });

  for (const key of ["/net/subnets", "/net/subnets/x", "/net/subnets/10.200.31.0-99"]) {
    it(`is not ${key}`, () => {
      expect(tryParseLease({ key, value: "{}", ttlSeconds: 1 })).to.equal(undefined);
    });
  }

  it("are usable inside the range and at its subnet length only", () => {
    const ranges = rangesOf({ Network: "10.200.0.0/16", SubnetMin: "10.200.16.0" });
    const usable = ["10.200.31.0-24", "10.200.16.0-24", "10.200.15.0-24", "10.200.32.0-23"].map(
      (name) => {
        const found = lease(name);
        return found !== undefined && isUsableLease(found, ranges);
      },
    );
    expect(usable).to.deep.equal([true, true, false, false]);
  });
});

describe("capacity", () => {
  it("counts hosts, addresses for pods and leases in range", () => {
    const leases = [lease("10.200.31.0-24"), lease("10.99.1.0-24")].flatMap((found) => found ?? []);
    expect(capacityOf(rangesOf({ Network: "10.200.0.0/16" }), leases)).to.deep.equal({
      hosts: 255,
      addresses_per_host: 253,
      subnets_in_use: 1,
    });
  });

  it("is that of the scarcer family with dual stack", () => {
    const ranges = rangesOf({
      Network: "10.200.0.0/16",
      EnableIPv6: true,
      IPv6Network: "fd00::/60",
      IPv6SubnetLen: 64,
    });
    expect(capacityOf(ranges, [])).to.include({ hosts: 15, addresses_per_host: 253 });
  });

  it("is unknown without a range", () => {
    expect(capacityOf([], [])).to.equal(undefined);
  });
});
