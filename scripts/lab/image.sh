# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The image of a lab host: a Debian system with systemd, made by debootstrap from the machine's own mirror. Sourced.

IMAGE_PACKAGES=systemd,systemd-sysv,dbus,udev,python3,python3-apt,iproute2,iptables,nftables,ca-certificates,procps,kmod
IMAGE_PACKAGES+=,openssh-server,iputils-ping,ethtool,tcpdump,sudo,curl,nodejs,etcd-server,etcd-client,containernetworking-plugins
[[ $LAB_VARIANT != dnf ]] || IMAGE_PACKAGES=${IMAGE_PACKAGES/,nodejs/},dnf,python3-dnf,createrepo-c,rpm
[[ $LAB_UNDERLAY != wireguard ]] || IMAGE_PACKAGES+=,wireguard-tools,wireguard-go
((${LAB_NODE_VERSION%%.*} < 25)) || IMAGE_PACKAGES+=,libatomic1 # which Node.js's own builds need from there on
! runs_containers || IMAGE_PACKAGES+=,containerd,runc,busybox-static
IMAGE_REPOSITORY=localhost/ansible-role-flanneld-lab

# image_tag [ARCH]: names the recipe, so that a changed recipe is a new image.
image_tag() {
  local recipe arch=${1:-}
  recipe=$({ echo "$IMAGE_PACKAGES"; declare -f debootstrap_tree configure_tree ${arch:+bootstrap_emulated emulate_tree}; } | sha256sum)
  echo "$LAB_DISTRO${arch:+-$arch}-${recipe:0:10}"
}

# is_derived: whether the variant is made of the image by taking something away.
is_derived() { [[ $LAB_VARIANT == minimal || $LAB_VARIANT == no-node ]]; }

# image_name HOST: the image that `up` runs; LAB_IMAGE names any other systemd image with python3 and sshd.
image_name() {
  if [[ $1 == worker-* && -n $LAB_WORKER_ARCH ]]; then
    echo "$IMAGE_REPOSITORY:$(image_tag "$LAB_WORKER_ARCH")"
  elif [[ -n $LAB_IMAGE ]]; then
    echo "$LAB_IMAGE"
  elif is_derived; then
    echo "$IMAGE_REPOSITORY:$(image_tag)-$LAB_VARIANT"
  else
    echo "$IMAGE_REPOSITORY:$(image_tag)"
  fi
}

# debian_mirror: where this machine's own apt gets Debian from.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016 # apt's own fields
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "main" && $3 !~ /security/ { print $3; exit }') || mirror='' # no apt at all
  [[ -n $mirror ]] || die "apt: this machine's package sources name no Debian mirror (or 'apt-get update' never ran):" \
    "name a systemd image with LAB_IMAGE instead"
  echo "$mirror"
}

# apt_proxy: debootstrap uses wget, which knows nothing of apt's proxy.
apt_proxy() {
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  echo "$proxy"
}

# debootstrap_tree DIR
debootstrap_tree() {
  local proxy
  proxy=$(apt_proxy)
  [[ -z $proxy ]] || export http_proxy=$proxy https_proxy=$proxy
  debootstrap --variant=minbase --merged-usr --include="$IMAGE_PACKAGES" "$LAB_DISTRO" "$1" "$(debian_mirror)"
}

# emulate_tree DIR ARCH: as it has to be under qemu: the machine's own iptables, as qemu knows none of netfilter's
# sockets, and no unit that asks for credentials, which systemd does not manage to pass there.
emulate_tree() {
  local root=$1 unit
  configure_tree "$root"
  install -m 0755 "$("$LAB_SCRIPTS/cni-plugin" "$2")" "$root/usr/lib/cni/flannel"
  grep -lE '^(Load|Import)Credential=' "$root"/lib/systemd/system/*.service | while read -r unit; do
    install -d "$root/etc/systemd/system/${unit##*/}.d"
    printf '%s\n' '[Service]' LoadCredential= >"$root/etc/systemd/system/${unit##*/}.d/lab.conf"
  done
}

# bootstrap_emulated DIR ARCH: without etcd, which runs on hosts of the machine's own CPU.
bootstrap_emulated() {
  local root=$1 arch=$2 native proxy
  native=$(dpkg --print-architecture)
  proxy=$(apt_proxy)
  [[ -z $proxy ]] || export http_proxy=$proxy https_proxy=$proxy
  debootstrap --arch="$arch" --variant=minbase --merged-usr --include="${IMAGE_PACKAGES/,etcd-server,etcd-client/}" \
    "$LAB_DISTRO" "$root" "$(debian_mirror)"
  chroot "$root" dpkg --add-architecture "$native"
  chroot "$root" apt-get update -q
  chroot "$root" apt-get install -q -y --no-install-recommends "iptables:$native"
}

# configure_tree DIR: no service of its own but sshd, no host keys, no way back to the mirror, and the one CNI plugin
# that Debian has not.
configure_tree() {
  local root=$1 unit
  install -m 0755 "$("$LAB_SCRIPTS/cni-plugin")" "$root/usr/lib/cni/flannel"
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/*
  : >"$root/etc/machine-id"
  rm -rf "$root"/var/lib/etcd
  for unit in etcd.service apt-daily.timer apt-daily-upgrade.timer systemd-resolved.service; do
    chroot "$root" systemctl disable "$unit" || true
  done
  # binfmt is the machine's: a host that starts would forget what the machine has registered there.
  chroot "$root" systemctl mask systemd-udevd.service systemd-modules-load.service sys-kernel-debug.mount \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-logind.service getty.target console-getty.service
  printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'PermitRootLogin prohibit-password' 'UseDNS no' \
    'MaxSessions 50' 'MaxStartups 50:30:100' >"$root/etc/ssh/sshd_config.d/lab.conf"
  install -d "$root/etc/systemd/system/ssh.service.d"
  printf '%s\n' '[Service]' 'ExecStartPre=' \
    "ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N \"\" -f /etc/ssh/ssh_host_ed25519_key'" \
    >"$root/etc/systemd/system/ssh.service.d/lab.conf"
}

# build_archive FILE [ARCH]: the whole system as one tar; complete or not there at all.
build_archive() {
  local archive=$1 root
  rm -rf --one-file-system "$CACHE_DIR"/images/.root.* # of a build that was killed
  root=$(mktemp -d "$CACHE_DIR/images/.root.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this very call
  trap "rm -rf --one-file-system '$root' '$archive.new'" EXIT
  chmod 0755 "$root"
  if (($# > 1)); then
    bootstrap_emulated "$root" "$2"
    emulate_tree "$root" "$2"
  else
    debootstrap_tree "$root"
    configure_tree "$root"
  fi
  tar -C "$root" --one-file-system --numeric-owner -cf "$archive.new" .
  mv "$archive.new" "$archive"
}

# import_archive FILE IMAGE [ARCH]
import_archive() {
  podman import ${3:+--arch="$3"} --change 'CMD ["/lib/systemd/systemd"]' --change 'STOPSIGNAL SIGRTMIN+3' "$1" "$2"
}

# variant_command: makes the variant of a host.
variant_command() {
  case $LAB_VARIANT in
    no-node) echo 'apt-get purge -y --auto-remove nodejs && ! command -v node' ;;
    # What goes is kept in an archive: to unpack it at / is as good as an installation, for which a lab has no mirror.
    # The links that alternatives makes belong to no package; the CNI plugins depend on iptables, and go with it.
    minimal)
      echo "dpkg -L iptables nftables ethtool containernetworking-plugins >/tmp/files && ls -d /usr/sbin/ip*tables* /etc/alternatives/ip*tables* >>/tmp/files &&
        sort -u /tmp/files | tar -cPf /opt/packages.tar --no-recursion --ignore-failed-read -T - &&
        apt-get purge -y iptables nftables ethtool && ! command -v iptables && ! command -v nft && ! command -v ethtool"
      ;;
  esac
}

# derive_variant IMAGE NEW: the same host before something was ever brought to it.
derive_variant() {
  local box=ansible-role-flanneld-image
  podman rm --force --ignore "$box" # of a build that was killed
  podman run --name "$box" --network none "$1" /bin/sh -c "$(variant_command)"
  podman commit --change 'CMD ["/lib/systemd/systemd"]' "$box" "$2"
  podman rm "$box"
}

# remove_images: those of this project, none that is in use.
remove_images() {
  local images
  mapfile -t images < <(podman images --quiet --filter "reference=$IMAGE_REPOSITORY" | sort -u)
  ((${#images[@]} == 0)) || podman rmi --force=false "${images[@]}"
}

# base_image [ARCH]: the image, and the archive that it is of, where they are missing.
base_image() {
  local arch=${1:-} base archive
  base=$IMAGE_REPOSITORY:$(image_tag "$arch")
  archive=$CACHE_DIR/images/$(image_tag "$arch").tar
  ! podman image exists "$base" || return 0
  [[ -s $archive ]] ||
    step "image $LAB_DISTRO${arch:+ $arch}: debootstrap (about ${arch:+ten times }a minute)" build_archive "$archive" ${arch:+"$arch"}
  step "image $LAB_DISTRO${arch:+ $arch}: import" import_archive "$archive" "$base" "$arch"
}

# register_cpu ARCH: has the kernel run programs of another CPU by qemu. Fixed: hosts need no qemu of their own.
register_cpu() {
  local cpu=${1/arm64/aarch64} registry=/proc/sys/fs/binfmt_misc
  [[ -e $registry/register ]] || mount -t binfmt_misc binfmt_misc "$registry"
  [[ -e /usr/lib/binfmt.d/qemu-$cpu.conf ]] || DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends qemu-user-static
  [[ -e $registry/qemu-$cpu ]] || cat "/usr/lib/binfmt.d/qemu-$cpu.conf" >"$registry/register"
}

# ensure_image: makes what is missing of image, archive and variant.
ensure_image() {
  local base
  if [[ -n $LAB_IMAGE ]]; then
    podman image exists "$LAB_IMAGE" || step "image $LAB_IMAGE: pull" podman pull "$LAB_IMAGE"
    return
  fi
  base=$IMAGE_REPOSITORY:$(image_tag)
  mkdir -p "$CACHE_DIR/images"
  exec 8>"$CACHE_DIR/images/.lock"
  flock 8
  base_image
  if [[ -n $LAB_WORKER_ARCH ]]; then
    step "qemu for $LAB_WORKER_ARCH" register_cpu "$LAB_WORKER_ARCH"
    base_image "$LAB_WORKER_ARCH"
  fi
  if is_derived && ! podman image exists "$base-$LAB_VARIANT"; then
    step "image $LAB_DISTRO: variant $LAB_VARIANT" derive_variant "$base" "$base-$LAB_VARIANT"
  fi
  exec 8>&-
}
