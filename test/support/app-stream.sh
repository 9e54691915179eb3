#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes an EL 9 of a lab host with dnf, as far as dnf and Ansible look: Node.js 16 by default, 22 in a module stream that
# nobody has chosen. What is installed is a script that tells its version.
set -euo pipefail
REPOSITORY=/srv/app-stream
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# build_package VERSION
build_package() {
  cat >nodejs.spec <<SPEC
Name: nodejs
Version: $1
Release: 1
Summary: Tells its version
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
%install
install -d %{buildroot}/usr/bin
printf '#!/bin/sh\necho v$1\n' >%{buildroot}/usr/bin/node
chmod 0755 %{buildroot}/usr/bin/node
%files
/usr/bin/node
SPEC
  rpmbuild --quiet --define "_rpmdir $REPOSITORY" -bb nodejs.spec
}

build_package 16.20.2
build_package 22.16.0
cat >modules.yaml <<'YAML'
---
document: modulemd
version: 2
data:
  name: nodejs
  stream: "22"
  version: 9010020250101
  context: abcdef12
  arch: x86_64
  summary: Tells its version
  description: Tells its version
  license: {module: [MIT]}
  profiles: {common: {rpms: [nodejs]}}
  artifacts: {rpms: ["nodejs-0:22.16.0-1.noarch"]}
---
document: modulemd-defaults
version: 1
data: {module: nodejs, profiles: {"22": [common]}}
YAML
sed -i "s/arch: x86_64/arch: $(uname -m)/" modules.yaml
createrepo_c --quiet "$REPOSITORY"
modifyrepo_c --mdtype=modules modules.yaml "$REPOSITORY/repodata"
install -d /etc/yum.repos.d
printf '%s\n' '[appstream]' 'name=AppStream' "baseurl=file://$REPOSITORY" 'gpgcheck=0' >/etc/yum.repos.d/app-stream.repo
cat >/etc/os-release <<'RELEASE'
NAME="Rocky Linux"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
RELEASE
echo 'Rocky Linux release 9.4 (Blue Onyx)' >/etc/redhat-release
rm -f /etc/debian_version /usr/bin/apt /usr/bin/apt-cache /usr/bin/apt-get
