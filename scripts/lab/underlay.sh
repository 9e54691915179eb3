# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What lies below the overlay where LAB_UNDERLAY asks for more than the hosts' own network: an interface wg0 in every
# host, by scripts/lab/wire.py or by the real wg-quick. Sourced.

WIRE_PID_FILE=$LAB_DIR/wire.pid
WIRE_FAULTS=$LAB_DIR/wire.faults

# underlay_interface: the interface that the cluster communicates on.
underlay_interface() { if [[ $LAB_UNDERLAY == plain ]]; then echo "$LAB_INTERFACE"; else echo wg0; fi; }

start_underlay() {
  case $LAB_UNDERLAY in
    wire) step "underlay: the wire" start_wire ;;
    wireguard) step "underlay: wg-quick@wg0" start_wireguard ;;
  esac
}

# wire_ends: HOST=PID=ADDRESS of each host; another one when the host was started anew.
wire_ends() {
  local host
  for host in $(lab_hosts); do
    echo "$host=$(podman inspect --format '{{.State.Pid}}' "$(container_name "$host")")=$(underlay_address "$host")/24"
  done
}

# wire_pid: its process, if it is still that very one and not a later owner of the number.
wire_pid() {
  local pid
  pid=$(cat "$WIRE_PID_FILE" 2>/dev/null) && grep -qzxF "$WIRE_FAULTS" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

# start_wire: again only for other hosts than those that it joins.
start_wire() {
  local ends pid
  mapfile -t ends < <(wire_ends)
  if pid=$(wire_pid); then
    tr '\0' '\n' <"/proc/$pid/cmdline" | tail -n "${#ends[@]}" | cmp -s - <(printf '%s\n' "${ends[@]}") && return
    stop_wire
  fi
  [[ -e $WIRE_FAULTS ]] || : >"$WIRE_FAULTS"
  setsid python3 "$LAB_SCRIPTS/wire.py" "$(underlay_interface)" "$WIRE_FAULTS" "${ends[@]}" \
    </dev/null >"$LAB_DIR/wire.log" 2>&1 7>&- 8>&- 9>&- &
  echo "$!" >"$WIRE_PID_FILE"
  local try
  for try in {1..100}; do
    grep -qx up "$LAB_DIR/wire.log" && return
    wire_pid >/dev/null || ((try < 10)) || break
    sleep 0.1
  done
  cat "$LAB_DIR/wire.log"
  return 1
}

stop_wire() {
  local pid
  ! pid=$(wire_pid) || kill "$pid"
  rm -f "$WIRE_PID_FILE"
}

# set_faults FAULT..: these and no others, once they can be read.
set_faults() {
  local pid hosts
  pid=$(wire_pid) || die "lab $LAB_NAME: it has no wire: start it with LAB_UNDERLAY=wire"
  mapfile -t hosts < <(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n 's/=.*//p')
  (($# == 0)) || printf '%s\n' "$@" >"$WIRE_FAULTS.new"
  (($# > 0)) || : >"$WIRE_FAULTS.new"
  python3 "$LAB_SCRIPTS/wire.py" check "$WIRE_FAULTS.new" "${hosts[@]}"
  mv "$WIRE_FAULTS.new" "$WIRE_FAULTS"
  sleep 0.3 # the wire looks ten times a second
}

# wireguard_config HOST: every other host is a peer.
wireguard_config() {
  local host=$1 peer
  printf '%s\n' '[Interface]' "Address = $(underlay_address "$host")/24" "PrivateKey = $(<"$LAB_DIR/wg.$host")" 'ListenPort = 51820'
  for peer in $(lab_hosts); do
    [[ $peer != "$host" ]] || continue
    printf '%s\n' '[Peer]' "PublicKey = $(podman exec -i "$(container_name "$host")" wg pubkey <"$LAB_DIR/wg.$peer")" \
      "AllowedIPs = $(underlay_address "$peer")/32" "Endpoint = $(host_address "$peer"):51820"
  done
}

# start_wireguard_host HOST: as githubixx.wireguard leaves a host, but for the kernel module, which not every lab has:
# wg-quick takes wireguard-go then.
start_wireguard_host() {
  local host=$1
  wireguard_config "$host" | podman exec -i "$(container_name "$host")" /bin/sh -euc '
    umask 077; mkdir -p /etc/wireguard; cat >/etc/wireguard/wg0.conf; systemctl enable --now wg-quick@wg0.service'
}

start_wireguard() {
  local host
  for host in $(lab_hosts); do
    [[ -s $LAB_DIR/wg.$host ]] || (umask 077 && head -c 32 /dev/urandom | base64 >"$LAB_DIR/wg.$host")
  done
  each_host start_wireguard_host
}
