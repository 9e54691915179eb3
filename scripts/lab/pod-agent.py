# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host, sent there by scripts/lab/pods: makes a pod, tries others, tells what it saw as JSON.

argv[1] is the order: {"action": "setup" | "probe" | "remove", "targets": {host: address}}
"""

import glob
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import time

NAMESPACE = "lab-pod"
BRIDGE = "lab-pods"
LISTENER = "lab-pod-listener"
PORT = 7946
SUBNET_FILE = "/run/flannel/subnet.env"
PAYLOAD = os.urandom(256 * 1024)  # many full segments: a wrong MTU or checksum shows

ECHO = """
import os, socket, threading
def echo(peer):
    while True:
        data = peer.recv(65536)
        if not data:
            return peer.close()
        peer.sendall(data)
server = socket.create_server(("", %d))
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
""" % PORT


def run(*command, check=True):
    """Returns what the command printed, both streams; a failure names the command."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if check and done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stdout.strip()))
    return done.stdout.strip()


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def subnet_env():
    """The lease that flanneld wrote: {} when there is none."""
    return dict(re.findall(r"^(FLANNEL_\w+)=(.*)$", read(SUBNET_FILE), re.M))


def overlay_device():
    """flannel.<VNI> of vxlan, flannel0 of udp, flannel-wg; "" for host-gw."""
    names = sorted(os.path.basename(path) for path in glob.glob("/sys/class/net/flannel*"))
    return names[0] if names else ""


def packets(device):
    """Packets that crossed the device: (received, sent)."""
    return tuple(int(read("/sys/class/net/%s/statistics/%s_packets" % (device, way)) or 0) for way in ("rx", "tx"))


def daemon_pid():
    """The process that runs, as the unit's files may already be those of the next start: "" when none does."""
    pid = run("systemctl", "show", "flanneld", "--property=MainPID", "--value", check=False)
    return pid if pid.isdigit() and pid != "0" else ""


def running_version(pid):
    return run("/proc/%s/exe" % pid, "--version", check=False) if pid else ""


def underlay_interface(device, pid):
    """The interface that carries the overlay: as the kernel tells of vxlan, else as the daemon was told."""
    link = run("ip", "-d", "link", "show", device, check=False) if device else ""
    found = re.search(r"\bdev (\S+)", link.partition("vxlan")[2])
    found = found or re.search("\0--?iface[=\0]([^\0]+)", read("/proc/%s/cmdline" % pid) if pid else "")
    return found.group(1) if found else ""


def describe():
    lease = subnet_env()
    device = overlay_device()
    pid = daemon_pid()
    return {
        "version": running_version(pid),
        "unit": run("systemctl", "is-active", "flanneld", check=False),
        "subnet": lease.get("FLANNEL_SUBNET", ""),
        "mtu": int(lease.get("FLANNEL_MTU", 0)),
        "device": device,
        "interface": underlay_interface(device, pid),
    }


def remove():
    run("systemctl", "stop", LISTENER, check=False)
    run("ip", "link", "delete", "lab-pod0", check=False)  # with the namespace it would go some time later
    run("ip", "netns", "delete", NAMESPACE, check=False)
    run("ip", "link", "delete", BRIDGE, check=False)
    return {"removed": True}


def setup():
    """A bridge with the subnet's first address and a pod with its second, as the CNI plugin makes them."""
    remove()
    host = describe()
    if not host["subnet"]:
        return dict(host, error="no subnet in %s: flanneld has no lease" % SUBNET_FILE)
    gateway = ipaddress.ip_interface(host["subnet"])
    address = gateway.ip + 1
    mtu = str(host["mtu"])
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("1")
    run("ip", "netns", "add", NAMESPACE)
    run("ip", "link", "add", BRIDGE, "mtu", mtu, "type", "bridge")
    run("ip", "address", "add", str(gateway), "dev", BRIDGE)
    run("ip", "link", "add", "lab-pod0", "mtu", mtu, "type", "veth",
        "peer", "name", "eth0", "mtu", mtu, "netns", NAMESPACE)
    run("ip", "link", "set", "lab-pod0", "master", BRIDGE, "up")
    run("ip", "link", "set", BRIDGE, "up")
    inside = ("ip", "-n", NAMESPACE)
    run(*inside, "address", "add", "%s/%d" % (address, gateway.network.prefixlen), "dev", "eth0")
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "link", "set", "eth0", "up")
    run(*inside, "route", "add", "default", "via", str(gateway.ip))
    run("systemd-run", "--quiet", "--collect", "--service-type=notify", "--unit", LISTENER,
        "ip", "netns", "exec", NAMESPACE, sys.executable, "-c", ECHO)
    return dict(host, pod=str(address))


def ping(address):
    output = run("ip", "netns", "exec", NAMESPACE, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", address, check=False)
    time_ms = re.findall(r"time=([\d.]+)", output)
    return {"ok": len(time_ms) == 2, "ms": min(map(float, time_ms)) if time_ms else None,
            "error": "" if len(time_ms) == 2 else output.splitlines()[-1]}


def echo_payload(peer):
    """Sends the payload in parts and wants each one back."""
    for offset in range(0, len(PAYLOAD), 32768):
        part = PAYLOAD[offset:offset + 32768]
        peer.sendall(part)
        received = b""
        while len(received) < len(part):
            data = peer.recv(65536)
            if not data:
                raise OSError("the connection was closed early")
            received += data
        if received != part:
            raise OSError("other bytes came back than were sent")


def tcp_inside(address):
    """Runs inside the pod."""
    start = time.monotonic()
    try:
        with socket.create_connection((address, PORT), timeout=5) as peer:
            echo_payload(peer)
    except OSError as error:
        return {"ok": False, "ms": None, "error": str(error)}
    return {"ok": True, "ms": round((time.monotonic() - start) * 1000, 1), "error": ""}


def tcp(address):
    """This very program once more, inside the pod's namespace."""
    order = json.dumps({"action": "tcp_inside", "address": address})
    return json.loads(run("ip", "netns", "exec", NAMESPACE, sys.executable, __file__, order))


def probe(targets):
    device = overlay_device()
    before = packets(device)
    results = {host: {"ping": ping(address), "tcp": tcp(address)} for host, address in targets.items()}
    crossed = [after - earlier for after, earlier in zip(packets(device), before)]
    return {"results": results, "device": device, "received": crossed[0], "sent": crossed[1]}


def main(order):
    action = order["action"]
    if action == "probe":
        return probe(order["targets"])
    if action == "tcp_inside":
        return tcp_inside(order["address"])
    return {"setup": setup, "remove": remove}[action]()


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
