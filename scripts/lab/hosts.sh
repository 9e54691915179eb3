# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The hosts of a lab: systemd containers and the network between them. Sourced.

# at_most WANTED HARD: limits above the machine's own make runc refuse the container.
at_most() { if [[ $2 != unlimited ]] && (($2 < $1)); then echo "$2"; else echo "$1"; fi; }

# write_containers_conf: podman's settings for this lab only; nothing under /etc is touched.
# runc, as crun refuses hybrid cgroups.
write_containers_conf() {
  mkdir -p "$LAB_DIR"
  cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=$(at_most 16384 "$(ulimit -Hn)"):$(at_most 16384 "$(ulimit -Hn)")", "nproc=$(at_most 4096 "$(ulimit -Hu)"):$(at_most 4096 "$(ulimit -Hu)")"]

[engine]
runtime = "runc"
events_logger = "file"

[network]
network_backend = "netavark"
CONF
}

# prepare_kernel: what flanneld and many systemds need of the kernel that all hosts share.
prepare_kernel() {
  local instances=/proc/sys/fs/inotify/max_user_instances
  if (($(<"$instances") < 8192)); then
    say "  kernel: fs.inotify.max_user_instances raised to 8192 (systemd stops in the 23rd host without)"
    echo 8192 >"$instances"
  fi
  # flannel >= 0.26 exits without br_netfilter; a host cannot load a module for itself.
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || modprobe br_netfilter ||
    die "kernel: br_netfilter: not loaded and cannot be loaded here: flannel >= v0.26.0 needs it"
}

# lab_network: the name of the lab's network, nothing if there is none. It is another one each time, as podman
# keeps the addresses of hosts that were killed reserved under the old one.
lab_network() { podman network ls --filter "label=$LAB_LABEL" --format '{{.Name}}'; }

# bridge_rule -C|-I|-D: on a machine whose firewall forwards nothing by default (Docker's does not), bridged
# packets between the lab's hosts would be dropped, as br_netfilter shows them to the firewall.
bridge_rule() {
  local bridge
  bridge=$(podman network inspect --format '{{.NetworkInterface}}' "$(lab_network)") || return 0
  iptables -w "$1" FORWARD --in-interface "$bridge" --out-interface "$bridge" -m comment --comment "$LAB_LABEL" -j ACCEPT
}

# remove_stale_bridge: podman forgets a network before its bridge when it is killed in between.
remove_stale_bridge() {
  local bridge
  bridge=$(ip -brief -4 address show type bridge to "$LAB_GATEWAY" | awk '{ print $1 }')
  [[ -z $bridge ]] || ip link delete "$bridge"
}

ensure_network() {
  local internal=(--internal)
  [[ $LAB_INTERNET == true ]] && internal=()
  if [[ -z $(lab_network) ]]; then
    remove_stale_bridge
    podman network create --subnet "$LAB_SUBNET" --gateway "$LAB_GATEWAY" --disable-dns "${internal[@]}" \
      --label "$LAB_LABEL" "$LAB_NAME-$EPOCHSECONDS"
  fi
  bridge_rule -C || bridge_rule -I
}

# program_options: where hosts find the programs that were built for them, and cgroups in which containers can be made.
program_options() {
  [[ -z $LAB_ETCD_VERSION ]] || echo "--volume=$CACHE_DIR/etcd/$LAB_ETCD_VERSION:/opt/etcd:ro"
  [[ -z $LAB_KUBERNETES_VERSION ]] || echo "--volume=$CACHE_DIR/kubernetes/$LAB_KUBERNETES_VERSION:/opt/kubernetes:ro"
  ! runs_kubelet || printf '%s\n' "--volume=$CACHE_DIR/cni-plugins/$CNI_PLUGIN_VERSION:/opt/cni-plugins:ro" --cgroupns=private
}

start_host() {
  local host=$1 box programs arch=()
  box=$(container_name "$host")
  if podman container exists "$box"; then
    podman start "$box"
    return
  fi
  mapfile -t programs < <(program_options)
  [[ $host != worker-* || -z $LAB_WORKER_ARCH ]] || arch=(--arch "$LAB_WORKER_ARCH")
  podman run "${arch[@]}" --detach --name "$box" --hostname "$host" --label "$LAB_LABEL" --systemd=always --privileged \
    --network "$(lab_network):ip=$(host_address "$host"),interface_name=$LAB_INTERFACE" "${programs[@]}" \
    "$(image_name "$host")" /lib/systemd/systemd
}

# each_host FUNCTION: runs it for all hosts at once; fails if it fails for one.
each_host() {
  local function=$1 host pids=() failed=0
  for host in $(lab_hosts); do
    "$function" "$host" &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}

start_hosts() { each_host start_host; }

# wait_for_host HOST: systemd is done, our key is in, sshd runs; leaves the host's key for known_hosts.
wait_for_host() {
  local host=$1
  # shellcheck disable=SC2016 # expanded on the host
  timeout 90 podman exec -i "$(container_name "$host")" /bin/sh -eu -c '
    until systemctl is-system-running >/dev/null 2>&1 || [ "$(systemctl is-system-running)" = degraded ]; do sleep 0.2; done
    install -d -m 0700 /root/.ssh
    cat >/root/.ssh/authorized_keys
    command -v python3 >/dev/null || { echo "the image has no python3" >&2; exit 1; }
    systemctl is-active --quiet ssh || systemctl is-active --quiet sshd || { echo "the image runs no sshd" >&2; exit 1; }
    cat /etc/ssh/ssh_host_ed25519_key.pub' <"$LAB_DIR/ssh_key.pub" >"$LAB_DIR/host_key.$host"
}

wait_for_hosts() {
  local host
  each_host wait_for_host
  : >"$LAB_DIR/known_hosts"
  for host in $(lab_hosts); do
    echo "$(host_address "$host") $(cut -d' ' -f1,2 "$LAB_DIR/host_key.$host")" >>"$LAB_DIR/known_hosts"
    rm "$LAB_DIR/host_key.$host"
  done
}

# remove_hosts: by label, so that hosts of a lab that was started with other numbers go too.
remove_hosts() {
  local boxes
  mapfile -t boxes < <(podman ps --all --quiet --filter "label=$LAB_LABEL")
  ((${#boxes[@]} == 0)) || step "hosts: remove ${#boxes[@]}" podman rm --force --time 0 --volumes "${boxes[@]}"
}

remove_network() {
  local networks
  bridge_rule -D 2>/dev/null || true
  mapfile -t networks < <(lab_network)
  ((${#networks[@]} == 0)) || step "network: remove" podman network rm --force "${networks[@]}"
  remove_stale_bridge
}
