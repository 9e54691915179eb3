# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by the lab's commands: where things lie, and how progress is told. Sourced, never run.

REPO_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/ansible-role-flanneld
RELEASES_DIR=$CACHE_DIR/releases
NODE_WHEEL_VERSION=22.20.0 # of the PyPI packages that bring Node.js where Debian's is too old
CNI_PLUGIN_VERSION=v0.9.1 # the last of github.com/containernetworking/plugins that has flannel's
export REPO_DIR CACHE_DIR RELEASES_DIR NODE_WHEEL_VERSION CNI_PLUGIN_VERSION

# say TEXT..: one line of progress, on stderr so that a command's output stays its own.
say() { printf '%s\n' "$*" >&2; }

# die TEXT..: the reason why the command cannot go on.
die() {
  say "error: $*"
  exit 1
}

# step TITLE COMMAND..: runs the command and tells how long it took; a failure shows what it printed.
# Where its own result is tested (`step .. || ..`) bash ignores errexit inside COMMAND: chain there with &&.
step() { timed_step failed 40 "$@"; }

# try_step TITLE COMMAND..: the same for something that may well be impossible here, with the reason in one line.
try_step() { timed_step "no" 1 "$@"; }

timed_step() {
  local bad=$1 lines=$2 title=$3 log start=$EPOCHREALTIME status
  shift 3
  log=$(mktemp)
  printf '  %-52s ' "$title" >&2
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    printf 'ok     %6ss\n' "$(seconds_since "$start")" >&2
  else
    printf '%-6s %6ss\n' "$bad" "$(seconds_since "$start")" >&2
    tail -n "$lines" "$log" | sed 's/^[[:space:]]*/    | /' >&2
  fi
  rm -f "$log"
  return "$status"
}

# seconds_since EPOCHREALTIME: elapsed seconds with one decimal.
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }
