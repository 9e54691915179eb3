// What flannel 0.10 to 0.28, and etcd's clients in it, say when they cannot work with etcd.

import { type CauseRule } from "./rule";

export const ETCD_CAUSES: readonly CauseRule[] = [
  {
    name: "network-config-missing",
    pattern:
      /flannel config not found in etcd store|(^|[\s:])100: Key not found|network config: key not found/,
    cause: "etcd holds no network configuration where this flannel looks for it",
    remedy:
      "compare etcd-prefix with the key that flannel_etcd_config wrote, and the API: up to 0.17 flannel reads etcd's v2 store, from 0.18 on its v3 store, and neither sees the other",
  },
  {
    name: "etcd-api",
    pattern:
      /not valid etcd cluster endpoint|404 page not found|malformed HTTP response|unknown service etcdserverpb/i,
    cause: "the endpoint does not speak the etcd API that this flannel uses",
    remedy:
      "flannel up to 0.17 needs etcd's v2 API (--enable-v2 in etcd 3.4 and 3.5, gone in 3.6), later ones need v3",
  },
  {
    name: "certificate-unreadable",
    pattern:
      /no cert file found|cannot find (cert|key|CA)|Failed to create SubnetManager: open .*: (no such file|permission denied)/i,
    cause: "a certificate or key file cannot be read",
    remedy:
      "check etcd-cafile, etcd-certfile and etcd-keyfile, and that https endpoints have all three",
  },
  {
    name: "etcd-tls",
    pattern:
      /x509:|tls: |bad certificate|certificate signed by unknown|authentication handshake failed/i,
    cause: "TLS with etcd fails",
    remedy:
      "check that etcd-cafile signed etcd's certificate, that etcd's certificate names its address, and that etcd-certfile and etcd-keyfile are a valid client pair",
  },
  {
    name: "etcd-auth-off",
    pattern: /etcdserver: authentication is not enabled/,
    cause: "etcd's authentication is off, but flannel sends a user and a password",
    remedy: "leave out etcd-username and etcd-password, or switch etcd's authentication on",
  },
  {
    name: "etcd-user",
    pattern:
      /etcdserver: (permission denied|user name is empty|authentication failed|invalid auth token)|110: The request requires user authentication|(^|\s)401 Unauthorized/i,
    cause: "etcd refuses this user",
    remedy: "check etcd-username and etcd-password, and the user's role on the prefix",
  },
  {
    name: "etcd-full",
    pattern: /etcdserver: mvcc: database space exceeded/,
    cause: "etcd takes no writes because its database has reached its quota",
    remedy:
      "compact and defragment etcd, then disarm the alarm (etcdctl alarm disarm), or raise --quota-backend-bytes",
  },
  {
    name: "etcd-no-leader",
    pattern: /etcdserver: (no leader|request timed out|leader changed|not capable)/,
    cause: "etcd has no leader",
    remedy: "start its members: more than half of them must be up and reach each other",
  },
  {
    name: "etcd-unreachable",
    pattern:
      /connection refused|context deadline exceeded|i\/o timeout|no such host|no route to host|cluster is unavailable or misconfigured|client: etcd cluster|latest balancer error|error recreating etcd client/i,
    unless: /kubeSubnetMgr:true|\*v1\.Node/,
    cause: "etcd cannot be reached",
    remedy:
      "check that etcd runs and that every address in etcd-endpoints can be reached from this host",
  },
  {
    name: "lease-revoked",
    pattern: /Lease has been revoked/,
    cause: "the lease of this host was removed from etcd while flanneld ran",
    remedy:
      "start it again; if it comes back, look for a second host with the same public-ip, or for somebody who removes leases",
  },
  {
    name: "no-subnet-left",
    pattern: /out of subnets|max retries reached trying to acquire a subnet/i,
    cause: "the network has no free subnet left",
    remedy:
      "remove leases of hosts that are gone, or widen SubnetMin..SubnetMax, or use a smaller SubnetLen",
  },
];
