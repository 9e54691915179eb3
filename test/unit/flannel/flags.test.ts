import { expect } from "chai";

import { ModuleError } from "../../../src/base/errors";
import { environmentNameOf } from "../../../src/flannel/flag-variable";
import { isFlagOn, parseSettings } from "../../../src/flannel/flags";
import { parseVersion } from "../../../src/flannel/version";

function faultsOf(settings: Record<string, unknown>, tag?: string): string {
  try {
    parseSettings(settings, tag === undefined ? undefined : parseVersion(tag));
  } catch (error) {
    if (error instanceof ModuleError && error.code === "invalid_arguments") return error.message;
    throw error;
  }
  return "";
}

describe("flannel flags", () => {
  it("sorts by name, repeats lists, joins endpoints, leaves out null", () => {
    const flags = parseSettings(
      {
        v: 2,
        iface: ["wg0", "10.0.0.1"],
        "ip-masq": true,
        "public-ip": null,
        "etcd-endpoints": ["https://a:2379", "https://b:2379"],
        "etcd-prefix": "/net",
      },
      parseVersion("v0.28.9"),
    );
    expect(flags.map(({ name, value }) => `${name}=${value}`)).to.deep.equal([
      "etcd-endpoints=https://a:2379,https://b:2379",
      "etcd-prefix=/net",
      "iface=wg0",
      "iface=10.0.0.1",
      "ip-masq=true",
      "v=2",
    ]);
  });

  // Every row of the version table that has a first or a last release, at its very edge.
  const edges: [string, unknown, string, string][] = [
    ["healthz-port", 1, "v0.7.1", "v0.8.0"],
    ["iface-regex", "^e", "v0.7.1", "v0.8.0"],
    ["kube-api-url", "https://a", "v0.7.1", "v0.8.0"],
    ["kubeconfig-file", "/k", "v0.7.1", "v0.8.0"],
    ["iptables-resync", 5, "v0.10.0", "v0.11.0"],
    ["iptables-forward-rules", true, "v0.10.0", "v0.11.0"],
    ["kube-annotation-prefix", "a", "v0.10.0", "v0.11.0"],
    ["net-config-path", "/n", "v0.11.0", "v0.12.0"],
    ["public-ipv6", "::1", "v0.14.0", "v0.15.0"],
    ["set-node-network-unavailable", true, "v0.14.0", "v0.15.0"],
    ["iface-can-reach", "10.0.0.1", "v0.17.0", "v0.18.0"],
    ["use-multi-cluster-cidr", true, "v0.20.2", "v0.21.0"],
    ["ip-blackhole-route", true, "v0.27.0", "v0.27.1"],
    ["ip-masq-fully-random-disable", true, "v0.27.3", "v0.27.4"],
  ];
  for (const [name, value, before, since] of edges) {
    it(`${name} came with ${since}`, () => {
      expect(faultsOf({ [name]: value }, before)).to.contain(`it was added in ${since}`);
      expect(faultsOf({ [name]: value }, since)).to.equal("");
    });
  }

  const gone: [string, unknown, string, string][] = [
    ["use-multi-cluster-cidr", true, "v0.22.3", "v0.23.0"],
    ["remote", "x", "v0.7.1", "v0.8.0"],
    ["listen", "x", "v0.7.1", "v0.8.0"],
    ["networks", "x", "v0.7.1", "v0.8.0"],
    ["watch-networks", true, "v0.7.1", "v0.8.0"],
    ["subnet-dir", "/x", "v0.7.1", "v0.8.0"],
  ];
  for (const [name, value, last, until] of gone) {
    it(`${name} went with ${until}`, () => {
      expect(faultsOf({ [name]: value }, last)).to.equal("");
      expect(faultsOf({ [name]: value }, until)).to.contain(`it was removed in ${until}`);
    });
  }

  const faults: [string, unknown, string][] = [
    ["etcd-endpoint", "https://a", 'did you mean "etcd-endpoints"?'],
    ["constructor", "x", "no flannel version has this flag"],
    ["ip-masq", "yes", 'expected true or false, got "yes"'],
    ["healthz-port", 65536, "expected an integer from 0 to 65535"],
    ["healthz-port", "80.5", "expected an integer"],
    ["healthz-port", "08471", "expected an integer"],
    ["healthz-port", "+8471", "expected an integer"],
    ["healthz-ip", "127.0.0.256", "expected an IP address or a host name"],
    ["healthz-ip", "[::1]", "expected an IP address or a host name"],
    ["healthz-ip", "local host", "expected an IP address or a host name"],
    ["iface-can-reach", "localhost", "expected an IP address"],
    ["public-ip", "::1", "expected an IPv4 address"],
    ["public-ipv6", "10.0.0.1", "expected an IPv6 address"],
    ["subnet-lease-renew-margin", 0, "expected an integer from 1 to 1439"],
    ["subnet-lease-renew-margin", 1440, "expected an integer from 1 to 1439"],
    ["iface", "a-name-of-16-byte", "expected an interface name"],
    ["iface", "a b", "expected an interface name"],
    ["etcd-endpoints", "10.0.0.1:2379", "expected http://host:port"],
    ["etcd-endpoints", ["https://a:1", "ftp://b"], "expected http://host:port"],
    ["etcd-cafile", "ca.pem", "expected an absolute path"],
    ["etcd-prefix", "", "expected an etcd key prefix"],
    ["etcd-prefix", "/c++/network", "otherwise crashes"],
    ["etcd-username", "a\nb", "must not contain a newline"],
    ["etcd-username", "a\u0000b", "found U+0000"],
    ["etcd-username", "\ud800", "valid Unicode"],
    ["public-ip", ["10.0.0.1", "10.0.0.2"], "takes one value, got 2"],
    ["iface", { name: "x" }, "expected text, a number, a boolean or a list"],
  ];
  for (const [name, value, expected] of faults) {
    it(`refuses ${name}: ${JSON.stringify(value)}`, () => {
      expect(faultsOf({ [name]: value }, "v0.28.9"))
        .to.contain(`${name}: `)
        .and.contain(expected);
    });
  }

  it("names every fault at once", () => {
    const message = faultsOf({ "ip-masq": "on", nonsense: 1 }, "v0.28.9");
    expect(message).to.contain("ip-masq: ").and.contain("nonsense: ");
  });

  it("checks values without a version too, but no releases", () => {
    expect(faultsOf({ "ip-blackhole-route": true, listen: "x" })).to.equal("");
    expect(faultsOf({ "ip-masq": "on" })).to.contain("ip-masq");
  });

  it("lets values be empty where flanneld takes that as not given", () => {
    const settings = { "public-ip": "", "etcd-cafile": "", "healthz-ip": "", "etcd-username": "" };
    expect(faultsOf(settings, "v0.10.0")).to.equal("");
  });

  it("lets healthz-ip be whatever Go listens on", () => {
    for (const ip of ["localhost", "node-1.example.org", "::1", "10.0.0.1"]) {
      expect(faultsOf({ "healthz-ip": ip }, "v0.28.9"), ip).to.equal("");
    }
  });

  it("accepts the documented defaults of the replaced role with v0.10.0", () => {
    const settings = {
      "etcd-cafile": "/var/lib/kubernetes/ca-etcd.pem",
      "etcd-certfile": "/var/lib/kubernetes/cert-etcd.pem",
      "etcd-keyfile": "/var/lib/kubernetes/cert-etcd-key.pem",
      "etcd-prefix": "/kubernetes-cluster/network",
      iface: "tap0",
      "public-ip": "10.8.0.101",
      "subnet-file": "/run/flannel/subnet.env",
      "ip-masq": "true",
      "healthz-ip": "0.0.0.0",
      "healthz-port": "0",
    };
    expect(faultsOf(settings, "v0.10.0")).to.equal("");
  });

  it("knows the variable of a flag, and reads booleans as Go does", () => {
    expect(environmentNameOf("etcd-password")).to.equal("FLANNELD_ETCD_PASSWORD");
    const on = ["1", "t", "T", "true", "TRUE", "True"];
    for (const value of on) expect(isFlagOn([{ name: "a", value }], "a")).to.equal(true);
    for (const value of ["0", "f", "false", ""]) {
      expect(isFlagOn([{ name: "a", value }], "a")).to.equal(false);
    }
  });
});
