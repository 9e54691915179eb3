# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints "offer VERSION" of what the distribution has, "install NAME" where that is new enough, and "cpu NAME". A module
# stream is chosen only where nobody has chosen one, and where no other Node.js would be replaced for it.
# With $NODEJS_DRY_RUN no list of packages is fetched.

newest() { sort -V | tail -n 1; }
is_enough() { [ "$(printf '%s\n' "$NODEJS_MINIMUM" "$1" | sort -V | head -n 1)" = "$NODEJS_MINIMUM" ]; }
limited() { if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi; }

apt_candidate() {
  LC_ALL=C apt-cache policy "$NODEJS_PACKAGE" 2>/dev/null |
    sed -n 's/^  Candidate: \([0-9]*:\)\{0,1\}\([0-9][0-9.]*\).*/\2/p'
}

ask_dnf() { LC_ALL=C limited 180 dnf --quiet ${NODEJS_DRY_RUN:+--cacheonly} "$@" 2>/dev/null </dev/null; }
dnf_candidate() { ask_dnf repoquery --qf '%{version}\n' "$NODEJS_PACKAGE" | grep '^[0-9]' | newest; }

# free_stream: the newest stream; [e] marks one that was chosen, [x] that none is wanted.
free_stream() {
  if rpm --quiet -q "$NODEJS_PACKAGE"; then return; fi
  ask_dnf module list "$NODEJS_PACKAGE" | awk -v name="$NODEJS_PACKAGE" '
    $1 == name && $3 ~ /\[[ex]\]/ { chosen = 1 }
    $1 == name && $2 ~ /^[0-9.]+$/ { streams = streams $2 "\n" }
    END { if (!chosen) printf "%s", streams }' | newest
}

name=$NODEJS_PACKAGE version=''
if command -v apt-cache >/dev/null; then
  version=$(apt_candidate)
  if [ -z "$version" ] && [ -z "$NODEJS_DRY_RUN" ]; then
    limited 300 apt-get update -qq </dev/null >/dev/null 2>&1
    version=$(apt_candidate)
  fi
elif command -v dnf >/dev/null; then
  version=$(dnf_candidate)
  if ! is_enough "${version:-0}"; then
    stream=$(free_stream)
    # Streams are named by the first number alone; what it has indeed is looked at when it is there.
    if [ -n "$stream" ] && is_enough "$stream.999"; then name=@$NODEJS_PACKAGE:$stream version=$stream; fi
  fi
fi
echo "offer ${version:-none}"
if [ -n "$version" ] && { is_enough "$version" || [ "$name" != "$NODEJS_PACKAGE" ]; }; then echo "install $name"; fi

# A kernel of 64 bits may run a system of 32.
cpu=$(uname -m)
[ "$cpu" != aarch64 ] || [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] || cpu=armv7l
echo "cpu $cpu"
