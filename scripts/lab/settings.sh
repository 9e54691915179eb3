# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a lab is made of: every value can come from the environment. Sourced.
# shellcheck disable=SC2034 # used where this file is sourced

LAB_NAME=${LAB_NAME:-flanneld-lab}
LAB_WORKERS=${LAB_WORKERS:-3}
LAB_ETCD=${LAB_ETCD:-1}                     # hosts that run etcd: 1 or 3
LAB_ETCD_VERSION=${LAB_ETCD_VERSION:-}      # a release such as v3.6.16 instead of Debian's etcd
LAB_ETCD_V2=${LAB_ETCD_V2:-false}           # whether etcd also answers the v2 API (flannel up to v0.17)
LAB_DISTRO=${LAB_DISTRO:-bookworm}          # any Debian suite of the mirror
LAB_VARIANT=${LAB_VARIANT:-default}         # default; without Node.js (no-node), also with dnf (dnf); no optional packages (minimal)
LAB_WORKER_ARCH=${LAB_WORKER_ARCH:-}        # another CPU for the workers, arm64: they run under qemu, etcd does not
LAB_NODE_VERSION=${LAB_NODE_VERSION:-$NODE_WHEEL_VERSION} # what roles/nodejs brings to hosts without a Node.js of use
LAB_IMAGE=${LAB_IMAGE:-}                    # any other systemd image, where a container registry can be reached
LAB_INTERFACE=${LAB_INTERFACE:-lab-eth0}    # the hosts' interface; a dash in it, as facts write it with _
LAB_UNDERLAY=${LAB_UNDERLAY:-plain}         # below the overlay: plain, or wg0 as wire or as wireguard (underlay.sh)
LAB_INTERNET=${LAB_INTERNET:-false}         # whether the hosts may talk to anything but each other
LAB_KUBERNETES_VERSION=${LAB_KUBERNETES_VERSION:-} # Kubernetes programs that the hosts find in /opt/kubernetes
LAB_KUBERNETES_PROGRAMS=${LAB_KUBERNETES_PROGRAMS:-kube-apiserver} # which of them
LAB_CONTAINERD=${LAB_CONTAINERD:-false}     # whether the hosts have a container runtime
LAB_FLANNEL_VERSIONS=${LAB_FLANNEL_VERSIONS:-v0.28.9} # releases that the artifact server is to offer

[[ $LAB_NAME =~ ^[a-z][a-z0-9-]*$ ]] || die "LAB_NAME: $LAB_NAME: small letters, digits and dashes only"
[[ $LAB_VARIANT =~ ^(default|minimal|no-node|dnf)$ ]] ||
  die "LAB_VARIANT: $LAB_VARIANT: expected default, minimal, no-node or dnf"
[[ $LAB_WORKER_ARCH =~ ^(arm64)?$ ]] || die "LAB_WORKER_ARCH: $LAB_WORKER_ARCH: expected arm64, or nothing"
[[ $LAB_WORKERS =~ ^([0-9]|[1-7][0-9]|80)$ ]] || die "LAB_WORKERS: $LAB_WORKERS: expected 0 to 80"
[[ $LAB_ETCD_VERSION =~ ^(v3\.[0-9]+\.[0-9]+)?$ ]] || die "LAB_ETCD_VERSION: $LAB_ETCD_VERSION: expected a release such as v3.6.16"
[[ $LAB_KUBERNETES_VERSION =~ ^(v1\.[0-9]+\.[0-9]+)?$ ]] ||
  die "LAB_KUBERNETES_VERSION: $LAB_KUBERNETES_VERSION: expected a release such as v1.36.3"
[[ $LAB_ETCD =~ ^[0-9]$ ]] || die "LAB_ETCD: $LAB_ETCD: expected 0 to 9"
((${#LAB_INTERFACE} <= 15)) || die "LAB_INTERFACE: $LAB_INTERFACE: the kernel allows 15 characters"
[[ $LAB_UNDERLAY =~ ^(plain|wire|wireguard)$ ]] || die "LAB_UNDERLAY: $LAB_UNDERLAY: expected plain, wire or wireguard"

# subnet_of NAME: a /24 in 10.64.0.0/10, apart from the pods' 10.200.0.0/16 and different for each lab.
subnet_of() {
  local sum
  sum=$(cksum <<<"$1")
  sum=${sum%% *}
  echo "10.$((64 + sum % 64)).$((sum / 64 % 256)).0/24"
}

LAB_SUBNET=${LAB_SUBNET:-$(subnet_of "$LAB_NAME")}
[[ $LAB_SUBNET =~ ^([0-9]+\.[0-9]+\.[0-9]+)\.0/24$ ]] || die "LAB_SUBNET: $LAB_SUBNET: expected a /24 such as 10.77.1.0/24"
LAB_PREFIX=${BASH_REMATCH[1]}
LAB_GATEWAY=$LAB_PREFIX.1
LAB_DIR=${LAB_STATE_DIR:-$REPO_DIR/.lab}/$LAB_NAME
LAB_LABEL=ansible-role-flanneld.lab=$LAB_NAME
export CONTAINERS_CONF=$LAB_DIR/containers.conf

# lab_hosts [worker|etcd]: the hosts' names, one a line.
lab_hosts() {
  local kind=${1:-}
  [[ $kind == etcd ]] || seq -f 'worker-%g' 1 "$LAB_WORKERS"
  [[ $kind == worker ]] || seq -f 'etcd-%g' 1 "$LAB_ETCD"
}

# host_address HOST: workers from .11, etcd from .101.
host_address() {
  local number=${1##*-}
  if [[ $1 == etcd-* ]]; then echo "$LAB_PREFIX.$((100 + number))"; else echo "$LAB_PREFIX.$((10 + number))"; fi
}

# underlay_address HOST: its address on wg0, where there is one.
underlay_address() { echo "10.8.0.$(host_address "$1" | cut -d. -f4)"; }

# hosts_lack_node: whether the hosts' own Node.js is missing or, as in Debian 11, too old for the modules.
hosts_lack_node() { [[ $LAB_VARIANT =~ ^(no-node|dnf)$ || $LAB_DISTRO == bullseye ]]; }

# runs_kubelet: whether the hosts are to become nodes, with a container runtime and CNI plugins.
runs_kubelet() { [[ -n $LAB_KUBERNETES_VERSION && $LAB_KUBERNETES_PROGRAMS == *kubelet* ]]; }

# runs_containers: whether the hosts have a container runtime, as nodes or because it was asked for.
runs_containers() { [[ $LAB_CONTAINERD == true ]] || runs_kubelet; }

container_name() { echo "$LAB_NAME-$1"; }
