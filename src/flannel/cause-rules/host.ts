// What flannel 0.10 to 0.28 and the kernel say when the host lacks what flannel needs. The particular
// stands before the general.

import { type CauseRule } from "./rule";

export const HOST_CAUSES: readonly CauseRule[] = [
  {
    name: "interfaces-differ",
    pattern: /v6 (interface|default route interface) \S+ (must be the same|$)/,
    cause: "IPv4 and IPv6 would use different interfaces, but flannel needs one for both",
    remedy: "name it with iface: it must have an address of each family",
  },
  {
    name: "public-ip",
    pattern: /invalid public IP(v6)? address/,
    cause: "public-ip is not an IP address",
    remedy: "check public-ip and public-ipv6",
  },
  {
    name: "nat",
    pattern: /your PublicIP differs from interface IP/,
    cause: "public-ip is not an address of the interface, and host-gw does not work through NAT",
    remedy: "leave out public-ip, name the interface that has it with iface, or use vxlan",
  },
  {
    name: "device-in-the-way",
    pattern:
      /link has incompatible addresses|isn't an (iptun|ipip mode) device|is not vxlan|mac address wanted/,
    cause:
      "a network device with flannel's name exists, but differs from what flannel would create",
    remedy: "remove it (ip link delete flannel.1, or the name in that line) and start flanneld",
  },
  {
    name: "network-config",
    pattern:
      /define a correct (IPv6)?Network parameter|SubnetLen must be|at least four subnets|network is too small|Subnet(Min|Max) is not|error decoding (Backend|VXLAN|IPIP|UDP|IPSEC)|unknown backend type|No valid Mode configured|none defined stack|could not find (an|flannel) ?\S* networks?|Couldn't fetch network config: (json: |invalid |unexpected )|invalid (IPv4 CIDR|IPv4 address|IP address) format|error parsing hardware addr/i,
    cause: "the network configuration in etcd is not valid for this flannel",
    remedy: "write it with flannel_etcd_config, which checks it as flannel would",
  },
  {
    name: "interface",
    pattern:
      /Failed to find (any valid interface|interface to use)|Could not find valid interface/i,
    cause: "flannel finds no network interface to use",
    remedy:
      "check iface, iface-regex and iface-can-reach: the interface must exist and have an address of each enabled family",
  },
  {
    name: "br-netfilter",
    pattern: /Failed to check br_netfilter/,
    cause:
      "the kernel module br_netfilter is not loaded, and flannel 0.26 and later refuse to start without it",
    remedy:
      "load br_netfilter and add it to /etc/modules-load.d; from 0.28 on EnableNFTables in the network configuration does without it",
  },
  {
    name: "packet-filter-missing",
    pattern:
      /(ip6?tables(-restore)?|nftables) binary was not found|exec: "(ip6?tables|ip6?tables-restore|nft)": executable file not found/i,
    cause: "a program that flannel needs for its packet filter rules is not installed",
    remedy:
      "install iptables (it brings ip6tables), and nftables where EnableNFTables is on: from 0.27 on flannel needs iptables there, too",
  },
  {
    name: "packet-filter",
    pattern:
      /nftables: couldn't|no nftables support|nftables \(ipv6\): couldn't|Failed to (setup masq rules|setup ip6?tables|bootstrap iptables|tear ?down iptables|ensure iptables rules|recycle IP6?Tables)|(ip|nf)tables: error while cleaning-up|running \[\S*ip6?tables\S* /i,
    cause: "the kernel rejects flannel's packet filter rules",
    remedy:
      "run the command in that line by hand; load the modules it asks for (ip_tables, nf_tables, xt_comment, nf_nat), and use either iptables-legacy or iptables-nft everywhere",
  },
  {
    name: "healthz-port",
    pattern: /Start healthz server error/,
    cause: "the healthz address or port is in use",
    remedy: "choose another healthz-port (0 switches it off) or stop what listens there",
  },
  {
    name: "backend-port",
    pattern:
      /(UP state|listening on UDP socket|listen udp).*address already in use|address already in use.*wireguard/i,
    cause: "the UDP port of the backend is in use on this host",
    remedy:
      "see who has it (ss -ulpn), or choose another Port (wireguard: ListenPort, whose default 51820 other WireGuard interfaces often use, too)",
  },
  {
    name: "mtu",
    pattern: /MTU \d+ of iface \S+ is too small|failed to determine MTU|failed to set (\S+ )?MTU/i,
    cause: "the MTU of the interface does not leave room for the backend",
    remedy: "raise the MTU of the interface, or use another backend",
  },
  {
    name: "cpu",
    pattern: /UDP backend is not supported on this architecture/,
    cause: "the udp backend works on amd64 only",
    remedy: "use vxlan, which works on every CPU",
  },
  {
    name: "secret",
    pattern: /password (is too short|should be at least)|could not parse psk/,
    cause: "the PSK in the network configuration cannot be used",
    remedy:
      "ipsec needs at least 96 characters, wireguard what wg genpsk prints (32 bytes in base64)",
  },
  {
    name: "charon",
    pattern: /no valid charon executable|charon daemon not found|starting charon|CharonIKEDaemon/i,
    cause: "the ipsec backend does not find charon",
    remedy: "install strongSwan's charon on every host, or use wireguard",
  },
  {
    name: "wireguard-key",
    pattern: /could not (parse private key|write key file|generate private key)/,
    cause: "flannel cannot use its WireGuard key",
    remedy:
      "check the file of WIREGUARD_KEY_FILE, or else remove /run/flannel/wgkey: flannel makes a new one",
  },
  {
    name: "lease-family",
    pattern: /IPv[46] is enabled but the lease has no IPv[46]/,
    cause: "the lease of this host lacks a family that the network configuration enables",
    remedy:
      "remove the lease (kube-subnet-mgr: give the node a pod CIDR of that family) and start flanneld",
  },
  {
    name: "extension-command",
    pattern: /failed to run command: /,
    cause: "a command of the extension backend failed",
    remedy: "run the command in that line by hand on the host",
  },
  {
    name: "subnet-file",
    pattern:
      /Failed to write subnet file|cannot (create|write data to|replace .* with|flush|close) temp file/i,
    cause: "flannel is not allowed to write its subnet file",
    remedy: "check the directory of subnet-file, and the sandbox directives of the unit",
  },
  {
    name: "permission",
    pattern: /operation not permitted|permission denied|Read-only file system/i,
    cause: "the daemon lacks a permission",
    remedy:
      "check the sandbox directives of the unit (hardening, extra_directives, drop-ins) and SELinux or AppArmor",
  },
  {
    name: "kernel",
    pattern:
      /operation not supported|Unknown device type|wireguard module|failed to create (vxlan|ipip) (interface|device)|could not create wireguard interface|failed to open (TUN device|wgctrl)|error (adding|getting|updating) (ipsec \S+ )?policy/i,
    cause: "the kernel does not offer what the backend needs",
    remedy: "load the backend's kernel module or choose another backend",
  },
  {
    name: "lease",
    pattern: /failed to (acquire lease|retrieve subnet leases)/,
    cause: "flannel gets no lease for this host",
    remedy: "see what the line says about it, and the leases that flannel_etcd_config lists",
  },
  {
    name: "device",
    pattern: /Error (registering network|fetching backend): /,
    cause: "flannel cannot set up its network device",
    remedy:
      "see what the line says about it; if the device is in the way, ip link delete it and start flanneld",
  },
  {
    name: "network-config-unread",
    pattern: /Couldn't fetch network config: /,
    cause: "flannel cannot read its network configuration",
    remedy:
      "see what the line says about it; flannel_etcd_config with state: query asks the same etcd",
  },
  {
    name: "subnet-manager",
    pattern: /Failed to create SubnetManager: /,
    cause: "flannel cannot work with the store of its leases",
    remedy: "see what the line says about it, and check the flags that begin with etcd- and kube-",
  },
];
