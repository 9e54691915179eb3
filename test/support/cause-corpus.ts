// Journals of daemons that did not come up, as flanneld, Go, systemd and the kernel wrote them, and
// the rule that names the cause: it alone. In every journal but the first few the last line counts.

export interface Specimen {
  readonly rule: string;
  readonly releases: string;
  readonly lines: readonly string[];
}

const EXITED = [
  "flanneld.service: Main process exited, code=exited, status=1/FAILURE",
  "flanneld.service: Failed with result 'exit-code'.",
  "Failed to start Flannel Network Overlay.",
];

function dies(rule: string, releases: string, ...lines: readonly string[]): Specimen {
  const before = "I1123 10:00:00.000000   42 main.go:211] CLI flags config: {etcdPrefix:/k}";
  return { rule, releases, lines: [before, ...lines, ...EXITED] };
}

const ETCD: readonly Specimen[] = [
  dies(
    "network-config-missing",
    "0.10-0.17",
    "E1123 main.go:382] Couldn't fetch network config: 100: Key not found (/n) [3]",
  ),
  dies(
    "network-config-missing",
    "0.18",
    "E1123 main.go:424] Couldn't fetch network config: key not found",
  ),
  dies(
    "network-config-missing",
    "0.19-0.28",
    "E1123 main.go:536] Couldn't fetch network config: flannel config not found in etcd store. Did you create your config using etcdv3 API?",
  ),
  dies(
    "etcd-api",
    "0.10-0.17",
    "E1123 main.go:382] Couldn't fetch network config: client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint.",
  ),
  dies(
    "etcd-unreachable",
    "0.10-0.17",
    "E1123 main.go:382] Couldn't fetch network config: client: etcd cluster is unavailable or misconfigured; error #0: dial tcp 127.0.0.1:2379: connect: connection refused",
  ),
  dies(
    "etcd-tls",
    "0.10-0.17",
    "E1123 main.go:382] Couldn't fetch network config: client: etcd cluster is unavailable or misconfigured; error #0: x509: certificate signed by unknown authority",
  ),
  dies(
    "etcd-tls",
    "0.18-0.28",
    '{"level":"warn","ts":"2026-11-23T10:00:00Z","logger":"etcd-client","msg":"retrying of unary invoker failed","error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \\"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\\""}',
  ),
  dies(
    "etcd-unreachable",
    "0.18-0.28",
    '{"level":"warn","logger":"etcd-client","msg":"retrying of unary invoker failed","error":"rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \\"transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused\\""}',
  ),
  {
    rule: "etcd-silent",
    releases: "0.18-0.28",
    lines: ["I1123 main.go:258] Installing signal handlers"],
  },
  dies(
    "certificate-unreadable",
    "0.10-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: open /etc/ssl/etcd/ca.crt: no such file or directory",
  ),
  dies(
    "certificate-unreadable",
    "0.10-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: open /etc/flannel/cert-flanneld-key.pem: permission denied",
  ),
  dies(
    "certificate-unreadable",
    "0.19.2-0.20.0",
    "E1123 main.go:227] Failed to create SubnetManager: can't connect to etcd: no cert file found",
  ),
  dies(
    "etcd-tls",
    "0.18-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: tls: failed to find any PEM data in certificate input",
  ),
  dies(
    "etcd-user",
    "0.18-0.28",
    "E1123 main.go:536] Couldn't fetch network config: etcdserver: permission denied",
  ),
  dies(
    "etcd-user",
    "0.18-0.28",
    "E1123 main.go:536] Couldn't fetch network config: etcdserver: user name is empty",
  ),
  dies(
    "etcd-user",
    "0.10-0.17",
    "E1123 main.go:382] Couldn't fetch network config: 110: The request requires user authentication (Insufficient credentials) [0]",
  ),
  dies(
    "etcd-auth-off",
    "0.18-0.28",
    "E1123 main.go:536] Couldn't fetch network config: etcdserver: authentication is not enabled",
  ),
  dies(
    "etcd-no-leader",
    "0.18-0.28",
    "E1123 main.go:536] Couldn't fetch network config: etcdserver: no leader",
  ),
  dies(
    "etcd-no-leader",
    "0.18-0.28",
    "E1123 main.go:370] Error registering network: failed to acquire lease: etcdserver: request timed out",
  ),
  dies(
    "etcd-full",
    "0.18-0.28",
    "E1123 main.go:370] Error registering network: failed to acquire lease: etcdserver: mvcc: database space exceeded",
  ),
  dies(
    "no-subnet-left",
    "0.10-0.28",
    "E1123 main.go:384] Error registering network: failed to acquire lease: out of subnets",
  ),
  dies(
    "no-subnet-left",
    "0.28",
    "E1123 main.go:384] Error registering network: failed to acquire lease: max retries reached trying to acquire a subnet",
  ),
  dies(
    "lease-revoked",
    "0.10-0.28",
    "E1123 main.go:431] Lease has been revoked. Shutting down daemon.",
  ),
];

const HOST: readonly Specimen[] = [
  dies(
    "interface",
    "0.10-0.28",
    "I1123 main.go:342] Could not find valid interface matching wg0: error looking up interface wg0: route ip+net: no such network interface",
    "E1123 main.go:367] Failed to find interface to use that matches the interfaces and/or regexes provided",
  ),
  dies(
    "interface",
    "0.10-0.28",
    "E1123 main.go:316] Failed to find any valid interface to use: failed to get default interface: Unable to find default route",
  ),
  dies(
    "interfaces-differ",
    "0.15-0.28",
    "E1123 main.go:316] Failed to find any valid interface to use: v6 interface eth1 must be the same with v4 interface eth0",
  ),
  dies(
    "public-ip",
    "0.10-0.28",
    "E1123 main.go:316] Failed to find any valid interface to use: invalid public IP address: 10.0.0",
  ),
  dies(
    "br-netfilter",
    "0.26-0.28",
    "E1123 main.go:292] Failed to check br_netfilter: stat /proc/sys/net/bridge/bridge-nf-call-iptables: no such file or directory",
  ),
  dies(
    "healthz-port",
    "0.10-0.28",
    "I1123 main.go:258] Installing signal handlers",
    "E1123 main.go:587] Start healthz server error. listen tcp 0.0.0.0:80: bind: address already in use",
  ),
  dies(
    "backend-port",
    "0.28",
    "E1123 main.go:370] Error registering network: failed to configure interface flannel.1: failed to set interface flannel.1 to UP state: address already in use",
  ),
  dies(
    "backend-port",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: failed to start listening on UDP socket: listen udp 10.9.0.1:8285: bind: address already in use",
  ),
  dies(
    "backend-port",
    "0.16-0.28",
    "E1123 main.go:370] Error registering network: failed to set interface flannel-wg to UP state: address already in use",
  ),
  dies(
    "device-in-the-way",
    "0.10-0.13",
    "E1123 main.go:370] Error registering network: failed to configure interface flannel.1: failed to ensure address of interface flannel.1: link has incompatible addresses. Remove additional addresses and try again. &netlink.Vxlan{LinkAttrs:netlink.LinkAttrs{Index:7}}",
  ),
  dies(
    "nat",
    "0.10-0.28",
    "E1123 main.go:361] Error fetching backend: your PublicIP differs from interface IP, meaning that probably you're on a NAT, which is not supported by host-gw backend",
  ),
  dies(
    "cpu",
    "0.10-0.28",
    "E1123 main.go:361] Error fetching backend: UDP backend is not supported on this architecture",
  ),
  dies(
    "network-config",
    "0.10-0.28",
    "E1123 main.go:361] Error fetching backend: unknown backend type: vxlna",
  ),
  dies(
    "network-config",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: error decoding IPIP backend config: json: cannot unmarshal string into Go struct field .DirectRouting of type bool",
  ),
  dies(
    "network-config",
    "0.20-0.28",
    "E1123 main.go:536] Couldn't fetch network config: please define a correct Network parameter in the flannel config",
  ),
  dies(
    "network-config",
    "0.10-0.28",
    "E1123 main.go:536] Couldn't fetch network config: invalid character 'N' looking for beginning of object key string",
  ),
  dies(
    "network-config",
    "0.10-0.28",
    "E1123 main.go:536] Couldn't fetch network config: json: cannot unmarshal number 24.0 into Go struct field Config.SubnetLen of type uint",
  ),
  dies("network-config", "0.15-0.28", "E1123 main.go:269] none defined stack"),
  dies(
    "secret",
    "0.19-0.28",
    "E1123 main.go:370] Error registering network: config error, password is too short",
  ),
  dies(
    "charon",
    "0.14-0.27",
    "E1123 main.go:370] Error registering network: error creating CharonIKEDaemon struct: No valid charon executable found at paths [/usr/lib/strongswan/charon]",
  ),
  dies(
    "packet-filter-missing",
    "0.24-0.28",
    'E1123 main.go:428] Failed to setup masq rules, exec: "iptables": executable file not found in $PATH',
  ),
  dies(
    "packet-filter-missing",
    "0.27-0.28",
    'E1123 main.go:396] failed to setup IPTables. iptables binary was not found: exec: "iptables": executable file not found in $PATH',
  ),
  dies(
    "packet-filter-missing",
    "0.25-0.28",
    'E1123 main.go:405] no nftables support: could not find nftables binary: exec: "nft": executable file not found in $PATH',
  ),
  dies(
    "packet-filter-missing",
    "0.10-0.24",
    'E1123 iptables.go:86] Failed to setup IPTables. iptables binary was not found: exec: "iptables": executable file not found in $PATH',
  ),
  dies(
    "packet-filter",
    "0.25-0.28",
    "E1123 main.go:428] Failed to setup masq rules, nftables: couldn't setup masq rules: /dev/stdin:1:1-2: Error: Could not process rule: Operation not supported",
  ),
  dies(
    "kernel",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: failed to create vxlan interface: operation not supported",
  ),
  dies(
    "kernel",
    "0.16-0.28",
    "E1123 main.go:370] Error registering network: could not create wireguard interface: operation not supported",
  ),
  dies(
    "permission",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: failed to create vxlan interface: operation not permitted",
  ),
  dies(
    "wireguard-key",
    "0.16-0.28",
    "E1123 main.go:370] Error registering network: could not write key file: open /run/flannel/wgkey: permission denied",
  ),
  dies(
    "lease-family",
    "0.26-0.28",
    "E1123 main.go:370] Error registering network: failed to configure interface flannel-v6.1: IPv6 is enabled but the lease has no IPv6",
  ),
  dies(
    "mtu",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: MTU 20 of iface eth0 is too small for ipip mode to work",
  ),
  dies(
    "subnet-file",
    "0.10-0.28",
    "W1123 main.go:479] Failed to write subnet file: open /run/flannel/.subnet.env: permission denied",
    "I1123 main.go:488] Running backend.",
  ),
  dies(
    "extension-command",
    "0.10-0.28",
    "E1123 main.go:370] Error registering network: failed to run command: /opt/x Err: exit status 1 Output: no",
  ),
];

const KUBERNETES: readonly Specimen[] = [
  dies(
    "kube-node-unknown",
    "0.10-0.28",
    'E1123 main.go:370] Error registering network: failed to acquire lease: node "w1.example.org" not found',
  ),
  dies(
    "kube-node-unknown",
    "0.10-0.24",
    'E1123 main.go:370] Error registering network: failed to acquire lease: nodes "w1" not found',
  ),
  dies(
    "kube-node-unknown",
    "0.24-0.28",
    "I1123 main.go:229] CLI flags config: {kubeSubnetMgr:true}",
    "I1123 kube.go:163] Node controller sync successful",
    'E1123 kube.go:703] Failed to get node for backend data: nodes "w1.example.org" not found',
    'E1123 main.go:384] Error registering network: failed to acquire lease: timeout contacting kube-api, failed to patch node "w1.example.org". Error: context deadline exceeded',
  ),
  dies(
    "kube-rbac",
    "0.24-0.28",
    "I1123 main.go:229] CLI flags config: {kubeSubnetMgr:true}",
    "I1123 kube.go:163] Node controller sync successful",
    'E1123 kube.go:703] Failed to get node for backend data: nodes "w1" is forbidden: User "flannel" cannot get resource "nodes" in API group "" at the cluster scope',
    'E1123 main.go:384] Error registering network: failed to acquire lease: timeout contacting kube-api, failed to patch node "w1". Error: context deadline exceeded',
  ),
  dies(
    "kube-node-refused",
    "0.25-0.28",
    "I1123 kube.go:178] Node controller sync successful",
    'E1123 main.go:370] Error registering network: failed to acquire lease: timeout contacting kube-api, failed to patch node "w1". Error: context deadline exceeded',
  ),
  dies(
    "kube-api",
    "0.25-0.28",
    "I1123 kube.go:155] Node controller skips sync",
    'E1123 main.go:370] Error registering network: failed to acquire lease: timeout contacting kube-api, failed to patch node "w1". Error: context deadline exceeded',
  ),
  dies(
    "kube-rbac",
    "0.10-0.28",
    'E1123 main.go:370] Error registering network: failed to acquire lease: nodes "w1" is forbidden: User "system:serviceaccount:kube-system:flannel" cannot patch resource "nodes/status" in API group "" at the cluster scope',
  ),
  dies(
    "kube-rbac",
    "0.10-0.28",
    'E1123 reflector.go:140] failed to list *v1.Node: nodes is forbidden: User "flannel" cannot list resource "nodes"',
  ),
  dies(
    "kube-api",
    "0.10-0.28",
    'E1123 reflector.go:140] failed to list *v1.Node: Get "https://10.0.0.1:6443/api/v1/nodes": x509: certificate signed by unknown authority',
    "E1123 main.go:227] Failed to create SubnetManager: error waiting for nodeController to sync state: context deadline exceeded",
  ),
  dies(
    "kube-api",
    "0.10-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: fail to create kubernetes config: stat /etc/kubernetes/x: no such file or directory",
  ),
  dies(
    "kube-api",
    "0.10-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: error retrieving pod spec for 'kube-system/flannel-x': Get \"https://10.96.0.1:443\": dial tcp 10.96.0.1:443: i/o timeout",
  ),
  dies(
    "kube-pod-cidr",
    "0.10-0.28",
    'E1123 main.go:384] Error registering network: failed to acquire lease: node "a" pod cidr not assigned',
  ),
  dies(
    "kube-pod-cidr",
    "0.24-0.28",
    "E1123 main.go:384] Error registering network: failed to acquire lease: missing IPv6 address on n.Spec.PodCIDRs",
  ),
  dies(
    "kube-pod-cidr",
    "0.18-0.19",
    'E1123 main.go:384] Error registering network: failed to acquire lease: subnet "10.1.0.0/24" specified in the PodCIDR, but doesn\'t exist in the flannel net config of the "a" node.',
  ),
  dies(
    "net-conf",
    "0.10-0.28",
    "E1123 main.go:227] Failed to create SubnetManager: failed to read net conf: open /etc/kube-flannel/net-conf.json: no such file or directory",
  ),
];

const SYSTEMD: readonly Specimen[] = [
  {
    rule: "flags",
    releases: "0.10-0.28",
    lines: [
      "flag provided but not defined: -x",
      "Usage: /usr/local/bin/flanneld [OPTION]...",
      "  -etcd-cafile string",
      "flanneld.service: Main process exited, code=exited, status=2/INVALIDARGUMENT",
    ],
  },
  {
    rule: "executable",
    releases: "systemd 247-257",
    lines: [
      "flanneld.service: Failed to locate executable /usr/local/bin/flanneld: No such file or directory",
      "flanneld.service: Failed at step EXEC spawning /usr/local/bin/flanneld: No such file or directory",
      "flanneld.service: Main process exited, code=exited, status=203/EXEC",
    ],
  },
  {
    rule: "sandbox",
    releases: "systemd 247-257",
    lines: [
      "flanneld.service: Failed to set up mount namespacing: /run/flannel: No such file or directory",
      "flanneld.service: Failed at step NAMESPACE spawning /usr/local/bin/flanneld: No such file or directory",
      "flanneld.service: Main process exited, code=exited, status=226/NAMESPACE",
    ],
  },
  {
    rule: "environment-file",
    releases: "systemd 247-257",
    lines: [
      "flanneld.service: Failed to load environment files: No such file or directory",
      "flanneld.service: Failed to run 'start' task: No such file or directory",
      "flanneld.service: Failed with result 'resources'.",
    ],
  },
  {
    rule: "identity",
    releases: "systemd 247-257",
    lines: [
      "flanneld.service: Failed to determine user credentials: No such process",
      "flanneld.service: Failed at step USER spawning /usr/local/bin/flanneld: No such process",
    ],
  },
  {
    rule: "memory",
    releases: "systemd 247-257",
    lines: [
      "I1123 main.go:258] Installing signal handlers",
      "flanneld.service: A process of this unit has been killed by the OOM killer.",
      "flanneld.service: Failed with result 'oom-kill'.",
    ],
  },
  dies(
    "crash",
    "0.15-0.16",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]",
    "goroutine 1 [running]:",
  ),
  {
    rule: "control-process",
    releases: "systemd 247-257",
    lines: ["flanneld.service: Control process exited, code=exited, status=1/FAILURE"],
  },
  {
    rule: "start-limit",
    releases: "systemd 247-257",
    lines: [
      "flanneld.service: Start request repeated too quickly.",
      "flanneld.service: Failed with result 'exit-code'.",
    ],
  },
  {
    rule: "start-timeout",
    releases: "systemd 247-257",
    lines: [
      "I1123 main.go:1] something",
      "flanneld.service: start operation timed out. Terminating.",
    ],
  },
];

export const SPECIMENS: readonly Specimen[] = [...ETCD, ...HOST, ...KUBERNETES, ...SYSTEMD];
