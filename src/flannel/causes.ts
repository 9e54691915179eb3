// Known causes of a flanneld that does not come up, recognised in its own log lines.

export interface Cause {
  readonly cause: string;
  readonly remedy: string;
}

interface Rule extends Cause {
  readonly pattern: RegExp;
  /** What tells that the pattern was written for something else. */
  readonly unless?: RegExp;
}

/** Since 0.18 flannel waits for etcd without a word: these are then its last ones. */
const SILENT = /Installing signal handlers\s*$/;

/** Log lines of flannel (and of Go, systemd and the kernel underneath), v0.10 to v0.28. */
const RULES: readonly Rule[] = [
  {
    pattern: /flannel config not found in etcd store|(^|[\s:])100: Key not found/m,
    cause: "etcd holds no network configuration where this flannel looks for it",
    remedy:
      "compare etcd-prefix with the key that flannel_etcd_config wrote, and the API: up to 0.17 flannel reads etcd's v2 store, from 0.18 on its v3 store, and neither sees the other",
  },
  {
    pattern:
      /not valid etcd cluster endpoint|404 page not found|malformed HTTP response|unknown service etcdserverpb/i,
    cause: "the endpoint does not speak the etcd API that this flannel uses",
    remedy:
      "flannel up to 0.17 needs etcd's v2 API (--enable-v2 in etcd 3.4 and 3.5, gone in 3.6), later ones need v3",
  },
  {
    pattern:
      /x509:|tls: |bad certificate|certificate signed by unknown|remote error: tls|authentication handshake failed/i,
    cause: "TLS with etcd fails",
    remedy:
      "check that etcd-cafile signed etcd's certificate, that etcd's certificate names its address, and that etcd-certfile and etcd-keyfile are a valid client pair",
  },
  {
    pattern: /no cert file found|cannot find (cert|key|CA)|open [^ ]+\.pem: /i,
    cause: "a certificate or key file cannot be read",
    remedy:
      "check etcd-cafile, etcd-certfile and etcd-keyfile, and that https endpoints have all three",
  },
  {
    pattern:
      /etcdserver: (permission denied|user name is empty|authentication failed|invalid auth token)|110: The request requires user authentication|(^|\s)401 Unauthorized/im,
    cause: "etcd refuses this user",
    remedy: "check etcd-username and etcd-password, and the user's role on the prefix",
  },
  {
    pattern:
      /connection refused|context deadline exceeded|i\/o timeout|no such host|no route to host|cluster is unavailable or misconfigured|client: etcd cluster|latest balancer error/i,
    unless: /kubeSubnetMgr:true|\*v1\.Node/,
    cause: "etcd cannot be reached",
    remedy:
      "check that etcd runs and that every address in etcd-endpoints can be reached from this host",
  },
  {
    pattern:
      /Failed to find (any valid interface|interface to use)|error looking up (v6 )?interface|Could not find valid interface|failed to find IPv[46] address for interface|failed to get default (v6 )?interface/i,
    cause: "flannel finds no network interface to use",
    remedy:
      "check iface, iface-regex and iface-can-reach: the interface must exist and have an address of the family that is switched on",
  },
  {
    pattern:
      /failed to list \*v1\.Node|fail to create kubernetes config|unable to initialize client|contacting kube-api|error waiting for nodeController|POD_NAME and POD_NAMESPACE must be set|error retrieving pod spec/i,
    cause: "flannel cannot work with the Kubernetes API (kube-subnet-mgr)",
    remedy:
      "check kubeconfig-file and kube-api-url, and set NODE_NAME in the environment where flanneld is not a pod",
  },
  {
    pattern: /pod cidr not assigned|doesn't contain .* PodCIDR of the/i,
    cause: "the node has no pod CIDR, or one outside the network",
    remedy:
      "let kube-controller-manager allocate node CIDRs (--allocate-node-cidrs, --cluster-cidr) inside the network of net-config-path",
  },
  {
    pattern: /failed to read net conf|error parsing subnet config/i,
    cause: "the network configuration file of kube-subnet-mgr cannot be used",
    remedy: "check the file of net-config-path",
  },
  {
    pattern: /Failed to check br_netfilter/i,
    cause:
      "the kernel module br_netfilter is not loaded, and flannel 0.26 and later refuse to start without it",
    remedy:
      "load br_netfilter and add it to /etc/modules-load.d, or set EnableNFTables in the network configuration",
  },
  {
    pattern: /Start healthz server error|address already in use/i,
    cause: "the healthz address or port is taken",
    remedy: "choose another healthz-port (0 switches it off) or stop what listens there",
  },
  {
    pattern: /out of subnets|max retries reached trying to acquire a subnet/i,
    cause: "the network has no free subnet left",
    remedy:
      "remove leases of hosts that are gone, or widen SubnetMin..SubnetMax, or use a smaller SubnetLen",
  },
  {
    pattern:
      /define a correct (IPv6)?Network parameter|SubnetLen must be|at least four subnets|network is too small|Subnet(Min|Max) is not|error decoding (Backend|VXLAN)|unknown backend type|invalid character .* looking for|Error fetching backend/i,
    cause: "the network configuration in etcd is not valid for this flannel",
    remedy: "write it with flannel_etcd_config, which checks it as flannel would",
  },
  {
    pattern: /Failed to (write subnet file|create SubnetManager)[^\n]*(permission|read-only)/i,
    cause: "flannel may not write its subnet file",
    remedy: "check the directory of subnet-file, and the sandbox directives of the unit",
  },
  {
    pattern: /operation not permitted|permission denied|Read-only file system/i,
    cause: "the daemon lacks a permission",
    remedy:
      "check the sandbox directives of the unit (hardening, extra_directives, drop-ins) and SELinux or AppArmor",
  },
  {
    pattern: /operation not supported|Unknown device type|wireguard module/i,
    cause: "the kernel does not offer what the backend needs",
    remedy: "load the backend's kernel module or choose another backend",
  },
  {
    pattern: /flag provided but not defined|Usage: |invalid value "[^\n]*" for flag/,
    cause: "flanneld does not accept its command line",
    remedy:
      "set flannel_version to the release of the binary, so that the flags are checked against it",
  },
  {
    pattern: /Failed to (find|locate) executable|code=exited, status=203|Exec format error/i,
    cause: "a program of the unit cannot be executed",
    remedy:
      "check binary, exec_start_pre and exec_start_post: they must exist, be executable and be built for this CPU",
  },
  {
    pattern: /Control process exited, code=exited/i,
    cause: "a command of exec_start_pre or exec_start_post failed",
    remedy: "run it by hand on the host; a leading - makes systemd ignore its failure",
  },
];

/** The causes recognised in these lines, in the order of the table; a line may speak of several. */
export function recogniseCauses(lines: readonly string[]): readonly Cause[] {
  const text = lines.join("\n");
  const found = RULES.filter(
    ({ pattern, unless }) => pattern.test(text) && unless?.test(text) !== true,
  );
  if (found.length === 0 && SILENT.test(text)) {
    return [
      {
        cause: "etcd gives no answer, and flannel waits for one",
        remedy:
          "check that etcd runs, that every address in etcd-endpoints can be reached from this host, and the certificates on both sides",
      },
    ];
  }
  return found.map(({ cause, remedy }) => ({ cause, remedy }));
}
