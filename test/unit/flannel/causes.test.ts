import { expect } from "chai";

import { recogniseCauses } from "../../../src/flannel/causes";

/** Lines as flanneld, Go and systemd wrote them, each with the cause it stands for. */
const LINES: [string, string][] = [
  [
    "E1123 main.go:536] Couldn't fetch network config: flannel config not found in etcd store. Did you create your config using etcdv3 API?",
    "etcd holds no network configuration",
  ],
  [
    "E1123 main.go:382] Couldn't fetch network config: 100: Key not found (/x) [4]",
    "etcd holds no network configuration",
  ],
  [
    "Couldn't fetch network config: client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.",
    "does not speak the etcd API",
  ],
  [
    "Couldn't fetch network config: client: etcd cluster is unavailable or misconfigured; error #0: x509: certificate signed by unknown authority",
    "TLS with etcd fails",
  ],
  ["Failed to create SubnetManager: open /x/ca.pem: no such file or directory", "cannot be read"],
  ["Couldn't fetch network config: etcdserver: user name is empty", "etcd refuses this user"],
  [
    "Couldn't fetch network config: 110: The request requires user authentication (Insufficient credentials) [0]",
    "etcd refuses this user",
  ],
  ["Failed to create SubnetManager: error retrieving pod spec for 'a/b': x", "Kubernetes API"],
  [
    'Error registering network: failed to acquire lease: node "a" pod cidr not assigned',
    "no pod CIDR",
  ],
  [
    "Failed to create SubnetManager: failed to read net conf: open /x: no such file",
    "network configuration file",
  ],
  ["dial tcp 10.0.0.1:2379: connect: connection refused", "etcd cannot be reached"],
  [
    "E1123 main.go:367] Failed to find interface to use that matches the interfaces and/or regexes provided",
    "no network interface",
  ],
  [
    "E1123 main.go:292] Failed to check br_netfilter: stat /proc/sys/net/bridge/bridge-nf-call-iptables: no such file or directory",
    "br_netfilter is not loaded",
  ],
  [
    "E1123 main.go:587] Start healthz server error. listen tcp 0.0.0.0:80: bind: address already in use",
    "healthz address or port",
  ],
  [
    "E1123 main.go:384] Error registering network: failed to acquire lease: out of subnets",
    "no free subnet",
  ],
  [
    "Couldn't fetch network config: please define a correct Network parameter in the flannel config",
    "not valid for this flannel",
  ],
  [
    "W1123 main.go:479] Failed to write subnet file: open /run/flannel/subnet.env: permission denied",
    "may not write its subnet file",
  ],
  ["failed to set interface flannel.1 to UP state: operation not permitted", "lacks a permission"],
  ["failed to create vxlan device: operation not supported", "kernel does not offer"],
  ["flag provided but not defined: -x", "does not accept its command line"],
  [
    "flanneld.service: Failed to locate executable /x: No such file or directory",
    "cannot be executed",
  ],
  [
    "flanneld.service: Control process exited, code=exited, status=1/FAILURE",
    "exec_start_pre or exec_start_post failed",
  ],
  ["I1123 main.go:258] Installing signal handlers", "etcd gives no answer"],
];

describe("causes of a flanneld that does not come up", () => {
  for (const [line, cause] of LINES) {
    it(`recognises: ${cause}`, () => {
      const found = recogniseCauses(["I1123 main.go:1] something before", line]);
      expect(found.map((entry) => entry.cause).join("; ")).to.contain(cause);
      expect(found.every(({ remedy }) => remedy.length > 20)).to.equal(true);
    });
  }

  it("does not take trouble with the Kubernetes API for trouble with etcd", () => {
    const refused = "dial tcp 127.0.0.1:6443: connect: connection refused";
    const causesOf = (line: string) =>
      recogniseCauses([line, refused])
        .map(({ cause }) => cause)
        .join();
    expect(causesOf("CLI flags config: {kubeSubnetMgr:false}")).to.contain(
      "etcd cannot be reached",
    );
    for (const line of ["CLI flags config: {kubeSubnetMgr:true}", "failed to list *v1.Node: Get"]) {
      expect(causesOf(line)).not.to.contain("etcd");
    }
  });

  it("takes silence for a cause only at the very end", () => {
    expect(
      recogniseCauses(["Installing signal handlers", "Found network config - Backend type: vxlan"]),
    ).to.deep.equal([]);
  });

  it("invents nothing for lines of a daemon that is well", () => {
    const lines = [
      "I1123 main.go:540] Found network config - Backend type: vxlan",
      "W1123 main.go:610] no subnet found for key: FLANNEL_SUBNET in file: /run/flannel/subnet.env",
      "I1123 main.go:481] Wrote subnet file to /run/flannel/subnet.env",
      "I1123 main.go:488] Running backend.",
    ];
    expect(recogniseCauses(lines)).to.deep.equal([]);
  });
});
