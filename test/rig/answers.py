# SPDX-License-Identifier: GPL-3.0-or-later
# What a host says on which the role has nothing left to do: by module, and by command for what is no module.
# A module or command that is missing here fails the play, with its name.

import re

INTERFACE = "lab0"
ONE_WAVE = {"index": 0, "count": 1, "first": 0, "size": 200}


def address_of(host):
    """worker-260 -> 10.77.1.11, etcd-1 -> 10.78.0.2"""
    number = number_of(host)
    return f"10.{77 if host.startswith('worker') else 78}.{number // 250}.{number % 250 + 1}"


def number_of(host):
    return int(re.sub(r"\D", "", host))


def subnet_of(host):
    number = number_of(host)
    return f"10.{200 + number // 250}.{number % 250}"


def gather_facts(host, _arguments):
    interface = {"device": INTERFACE, "ipv4": {"address": address_of(host)}}
    return {
        "ansible_facts": {
            "ansible_architecture": "x86_64",
            "ansible_interfaces": [INTERFACE],
            f"ansible_{INTERFACE}": interface,
            "discovered_interpreter_python": "/usr/bin/python3",
        }
    }


def run_daemon(host, _arguments):
    subnet = {"network": "10.200.0.0/14", "subnet": subnet_of(host) + ".1/24", "mtu": 1450, "ip_masq": True}
    service = {"active_state": "active", "sub_state": "running", "main_pid": 4711}
    look = {"address": address_of(host), "etcd_address": address_of(host), "arch": "amd64", "differing_certificates": [], "running_version": "v0.28.9", "wave": ONE_WAVE}
    return {**service, **look, "subnet": subnet, "restart_reasons": [], "changes": [], "network_lacks": []}


def keep_network(_host, arguments):
    config = {"Network": "10.200.0.0/14", "Backend": {"Type": "vxlan"}}
    capacity = {"hosts": 1023, "addresses_per_host": 253, "subnets_in_use": 0}
    declared = arguments.get("config", config)
    differences = [] if declared["Backend"] == config["Backend"] else [{"key": "Backend.Type"}]
    lacking = [host for host, lacks in arguments.get("lacks", {}).items() if lacks]
    if differences and lacking and arguments["state"] == "present":
        return {"failed": True, "msg": f"was not written for {', '.join(lacking)}"}
    return {"config": config, "changes": [], "differences": differences, "leases": [], "capacity": capacity, "key": "/k/config"}


def show_address(host, _match):
    return f"2: {INTERFACE}    inet {address_of(host)}/24 brd 10.255.255.255 scope global {INTERFACE}\n"


def run_command(_host, arguments):
    if "NODEJS_LINK" in str(arguments):
        return {"rc": 0, "stdout": "seen 20.20.2 /usr/bin/node\nuse /usr/bin/node\nlinked /opt/flannel-nodejs/bin/node", "stderr": ""}
    return {"rc": 0, "stdout": "", "stderr": "v0.28.9"}


def try_overlay(host, arguments):
    state = arguments["state"]
    if state == "tried":
        others = [name for name in arguments["peers"] if name != arguments["host"]]
        reach = {name: {"address": subnet_of(name) + ".254", "ping": True, "tcp": True, "word": "ok"} for name in others}
        return {"state": state, "ok": True if others else None, "reach": reach, "suspects": [], "verdict": "all reached"}
    port = {"port": 40000 + number_of(host), "udp_port": 40000 + number_of(host), "place": "pod"}
    echo = {"ipv4": {"address": subnet_of(host) + ".254", **port}} if state == "serving" else None
    return {"state": state, "echo": echo, "ok": None, "checksum_errors": 0}


def make_directory(_host, match):
    """The shell of Ansible's own: name=path of a directory for temporary files."""
    return f"{match.group(1)}=/remote/{match.group(1)}\n"


MODULES = {
    "command": run_command,
    "file": lambda _host, arguments: {"path": arguments.get("path") or arguments["dest"]},
    "flannel_etcd_config": keep_network,
    "flannel_install": lambda _host, _arguments: {"version": "v0.28.9", "changes": []},
    "flannel_overlay": try_overlay,
    "flannel_unit": run_daemon,
    "get_url": lambda _host, arguments: {"dest": arguments["dest"]},
    "ping": lambda _host, _arguments: {"ping": "pong"},
    "setup": gather_facts,
    "systemd": lambda _host, arguments: {"name": arguments["name"], "status": {"ActiveState": "active"}},
}

COMMANDS = [
    (r"(ansible-tmp-[\d.]+-\d+-\d+)=", make_directory),
    (r"echo ~", lambda _host, _match: "/remote\n"),
    (r"^/bin/sh -c '(chmod|rm) ", lambda _host, _match: ""),
    (r"ip -4 -oneline address show", show_address),
]
