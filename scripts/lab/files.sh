# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The files of a lab: SSH access, certificates and the inventory, all under .lab/<name>. Sourced.

CERT_DIR=$LAB_DIR/certs

ensure_ssh_key() {
  [[ -s $LAB_DIR/ssh_key ]] || ssh-keygen -q -t ed25519 -N '' -C "$LAB_NAME" -f "$LAB_DIR/ssh_key"
}

# certificate_names: every address and name under which a client may speak to an etcd of this lab.
certificate_names() {
  local host names=IP:127.0.0.1,DNS:localhost
  for host in $(lab_hosts); do names+=,DNS:$host,IP:$(host_address "$host"),IP:$(underlay_address "$host"); done
  echo "$names"
}

# ensure_certificates: one CA, and one certificate for etcd and its clients alike, as flannel's users have them.
# etcd's JSON gateway is its own client, so a server certificate needs clientAuth too.
ensure_certificates() {
  local names
  names=$(certificate_names)
  [[ -s $CERT_DIR/cert-etcd.pem && $(cat "$CERT_DIR/names" 2>/dev/null) == "$names" ]] && return
  mkdir -p "$CERT_DIR"
  [[ -s $CERT_DIR/ca-etcd.pem ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 3650 -subj "/CN=$LAB_NAME etcd CA" -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -keyout "$CERT_DIR/ca-etcd-key.pem" -out "$CERT_DIR/ca-etcd.pem"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=etcd \
    -keyout "$CERT_DIR/cert-etcd-key.pem" -out "$CERT_DIR/cert-etcd.csr"
  openssl x509 -req -in "$CERT_DIR/cert-etcd.csr" -days 3650 -CA "$CERT_DIR/ca-etcd.pem" \
    -CAkey "$CERT_DIR/ca-etcd-key.pem" -CAcreateserial -out "$CERT_DIR/cert-etcd.pem" -extfile <(
      printf '%s\n' "subjectAltName=$names" 'extendedKeyUsage=serverAuth,clientAuth' \
        'keyUsage=critical,digitalSignature,keyEncipherment' 'basicConstraints=critical,CA:FALSE'
    )
  rm "$CERT_DIR/cert-etcd.csr"
  echo "$names" >"$CERT_DIR/names"
}

# link_roles: the repository under the role's name, as if it were installed, beside its own small roles.
link_roles() {
  mkdir -p "$LAB_DIR/roles"
  ln -sfn "$REPO_DIR" "$LAB_DIR/roles/ansible-role-flanneld"
  ln -sfn "$REPO_DIR/roles/etcd" "$LAB_DIR/roles/etcd"
  ln -sfn "$REPO_DIR/roles/nodejs" "$LAB_DIR/roles/nodejs"
}

write_ssh_config() {
  local host
  for host in $(lab_hosts); do printf 'Host %s\n  HostName %s\n' "$host" "$(host_address "$host")"; done
  cat <<CONF
Host *
  User root
  IdentityFile $LAB_DIR/ssh_key
  IdentitiesOnly yes
  UserKnownHostsFile $LAB_DIR/known_hosts
  StrictHostKeyChecking yes
  ProxyCommand none
  LogLevel ERROR
CONF
}

inventory_hosts() {
  local host
  for host in $(lab_hosts "$1"); do
    printf '        %s: {ansible_host: %s, ansible_user: root}\n' "$host" "$(host_address "$host")"
  done
}

# nodejs_variables: for hosts without a Node.js of use, where roles/nodejs finds one.
nodejs_variables() {
  local tarball checksum
  hosts_lack_node || return 0
  tarball=$("$LAB_SCRIPTS/node-tarball" "$LAB_NODE_VERSION")
  checksum=$(sha256sum "$tarball")
  cat <<YAML
    nodejs_version: "$LAB_NODE_VERSION"
    nodejs_tarball_url: "$ARTIFACT_URL/node/${tarball##*/}"
    nodejs_tarball_checksum: ${checksum%% *}
YAML
}

# write_inventory: groups and variables as the users of the replaced role have them.
write_inventory() {
  write_ssh_config >"$LAB_DIR/ssh_config"
  cat >"$LAB_DIR/inventory.yml" <<INVENTORY
---
# Written by scripts/lab/lab up; it is overwritten by the next one.
all:
  vars:
    ansible_ssh_common_args: "-F '$LAB_DIR/ssh_config'"
    ansible_python_interpreter: /usr/bin/python3
    k8s_interface: "$(underlay_interface)"
    k8s_ca_conf_directory: "$CERT_DIR"
    etcd_bin_dir: $(if [[ -n $LAB_ETCD_VERSION ]]; then echo /opt/etcd; else echo /usr/bin; fi)
    etcd_client_port: 2379
    etcd_certificates:
      - ca-etcd.pem
      - ca-etcd-key.pem
      - cert-etcd.pem
      - cert-etcd-key.pem
    etcd_enable_v2: $LAB_ETCD_V2
    flannel_version: ${LAB_FLANNEL_VERSIONS%% *}
    lab_artifact_url: "$ARTIFACT_URL"
    flannel_download_url: "$ARTIFACT_URL/{version}/{asset}"
    flannel_download_checksum: "sha256:$ARTIFACT_URL/{{ flannel_version }}/sha256sum.txt"
    k8s_cni_bin_dir: /usr/lib/cni
    flannel_cni_plugin_url: "$ARTIFACT_URL/cni-plugin/{version}/{asset}"
    flannel_cni_plugin_checksum: "sha256:$ARTIFACT_URL/cni-plugin/{version}/sha256sum.txt"
    lab_cni_plugin_version: $(basename "$(dirname "$("$LAB_SCRIPTS/cni-plugin")")")
$(nodejs_variables)
  children:
    k8s_etcd:
      hosts:
$(inventory_hosts etcd)
    k8s_worker:
      hosts:
$(inventory_hosts worker)
    k8s:
      children:
        k8s_worker:
INVENTORY
}
