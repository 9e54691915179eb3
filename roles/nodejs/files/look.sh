# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints "seen VERSION PATH" for each Node.js of the host, up to the first that is new enough, and "use PATH" for that
# one. Makes $NODEJS_LINK a link to it, and prints "linked LINK" where that is a change, and "removed PATH" of what a run
# that was killed has left beside it; with $NODEJS_DRY_RUN it only says so.

# version_of PATH: what calls itself node may be a shim that asks, prints a sentence or waits for ever.
version_of() {
  ask='' # where there is no such command, nothing limits it
  ! command -v timeout >/dev/null || ask="timeout -s KILL ${NODEJS_LIMIT:-10}"
  $ask "$1" --version </dev/null 2>/dev/null | head -c 4096 |
    LC_ALL=C sed -n 's/^v\([0-9]\{1,\}\.[0-9]\{1,\}\.[0-9]\{1,\}\).*/\1/p' | head -n 1
}

is_enough() { [ "$(printf '%s\n' "$NODEJS_MINIMUM" "$1" | sort -V | head -n 1)" = "$NODEJS_MINIMUM" ]; }

found='' tried=''
while read -r node; do
  path=$(command -v "$node") || continue
  case $path in /*) ;; *) continue ;; esac
  real=$(readlink -f "$path")
  case $tried in *"|$real|"*) continue ;; esac
  tried="$tried|$real|"
  version=$(version_of "$path")
  [ -n "$version" ] || continue
  echo "seen $version $path"
  if is_enough "$version"; then
    found=$path
    break
  fi
done <<PLACES
$NODEJS_PLACES
node
/usr/bin/node
/usr/local/bin/node
/usr/bin/nodejs
$(printf '%s\n' /usr/bin/node-[0-9]* | sort -rV)
PLACES

[ -n "$found" ] || exit 0
echo "use $found"
# What a run that was killed has begun to bring: nobody else comes back to it.
for stage in "${NODEJS_LINK%/*/*}"/.new-[0-9]*.[0-9]*.[0-9]*; do
  [ -e "$stage" ] || continue
  [ -n "$NODEJS_DRY_RUN" ] || rm -rf "$stage" || continue
  echo "removed $stage"
done
if [ "$found" = "$NODEJS_LINK" ] || [ "$(readlink "$NODEJS_LINK")" = "$found" ]; then exit 0; fi
if [ -z "$NODEJS_DRY_RUN" ]; then
  umask 022
  # Where it cannot be made, the path itself is named to the modules.
  mkdir -p "${NODEJS_LINK%/*}" && ln -sfn "$found" "$NODEJS_LINK.new" && mv -f "$NODEJS_LINK.new" "$NODEJS_LINK" || exit 0
fi
echo "linked $NODEJS_LINK"
