# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The artifact server of a lab: one small process on the gateway's address, known by its pid file. Sourced.

ARTIFACT_PORT=8280
ARTIFACT_URL=http://$LAB_GATEWAY:$ARTIFACT_PORT
ARTIFACT_PID_FILE=$LAB_DIR/artifact-server.pid

# artifact_server_pid: its process, if it is still that very one and not a later owner of the number.
artifact_server_pid() {
  local pid
  pid=$(cat "$ARTIFACT_PID_FILE" 2>/dev/null) || return 1
  grep -qz "artifact-server.py" "/proc/$pid/cmdline" 2>/dev/null && grep -qz "^$LAB_GATEWAY$" "/proc/$pid/cmdline" &&
    echo "$pid"
}

# start_artifact_server: cut off from our file descriptors, or a caller that reads our output would wait for it.
start_artifact_server() {
  artifact_server_pid && return
  setsid python3 "$LAB_SCRIPTS/artifact-server.py" "$LAB_GATEWAY" "$ARTIFACT_PORT" "$RELEASES_DIR" \
    </dev/null >"$LAB_DIR/artifact-server.log" 2>&1 7>&- 8>&- 9>&- &
  echo "$!" >"$ARTIFACT_PID_FILE"
  local try
  for try in {1..50}; do
    curl -sS --noproxy '*' -o /dev/null "$ARTIFACT_URL/" && return
    sleep 0.1
  done
  cat "$LAB_DIR/artifact-server.log"
  echo "no answer from $ARTIFACT_URL after $try tries"
  return 1
}

stop_artifact_server() {
  local pid
  pid=$(artifact_server_pid) && kill "$pid"
  rm -f "$ARTIFACT_PID_FILE"
}

artifact_server_status() {
  local pid
  if pid=$(artifact_server_pid); then
    echo "artifact server: $ARTIFACT_URL (process $pid)"
    (cd "$RELEASES_DIR" && printf '  %s\n' v*/*)
  else
    echo "artifact server: not running"
    return 3
  fi
}
