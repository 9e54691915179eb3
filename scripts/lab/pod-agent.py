# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host, sent there by scripts/lab/pods: has the CNI plugins make a pod, tries others, tells what it saw as JSON.

argv[1] is the order: {"action": "setup" | "probe" | "remove", "targets": {host: address}}
"""

import glob
import json
import os
import re
import socket
import subprocess
import sys
import time

NAMESPACE = "lab-pod"
BRIDGE = "cni0"
CONFIGURATIONS = "/etc/cni/net.d"
PLUGINS = "/opt/cni/bin:/usr/lib/cni"
RESULT = "/run/lab-pod.json"
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


def cni_network():
    """The configuration that a container runtime takes: the first by name."""
    names = sorted(name for name in os.listdir(CONFIGURATIONS) if name.endswith((".conf", ".conflist", ".json")))
    return json.loads(read(os.path.join(CONFIGURATIONS, names[0])))


def run_plugin(command, plugin, network, previous):
    """Runs a CNI plugin as a container runtime does; its result, or that of the one before."""
    path = next(filter(os.path.exists, (os.path.join(folder, plugin["type"]) for folder in PLUGINS.split(":"))), None)
    if path is None:
        raise RuntimeError("CNI plugin %s: not in %s" % (plugin["type"], PLUGINS))
    config = dict(plugin, name=network["name"], cniVersion=network["cniVersion"])
    if previous:
        config["prevResult"] = previous
    environment = dict(os.environ, CNI_COMMAND=command, CNI_CONTAINERID=NAMESPACE, CNI_IFNAME="eth0", CNI_PATH=PLUGINS,
                       CNI_NETNS="/run/netns/" + NAMESPACE)
    done = subprocess.run([path], input=json.dumps(config), env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode != 0:
        raise RuntimeError("CNI plugin %s: %s" % (plugin["type"], (done.stdout or done.stderr).strip()))
    return json.loads(done.stdout) if done.stdout.strip() else previous


def add_to_network():
    """The pod's address, as the plugins of the role's CNI configuration have given it."""
    network = cni_network()
    result = None
    for plugin in network["plugins"]:
        result = run_plugin("ADD", plugin, network, result)
    with open(RESULT, "w") as file:
        json.dump({"network": network, "result": result}, file)  # the configuration may be gone when the pod goes
    return result["ips"][0]["address"].split("/")[0]


def delete_from_network():
    if not os.path.exists(RESULT):
        return
    made = json.loads(read(RESULT))
    for plugin in reversed(made["network"]["plugins"]):
        run_plugin("DEL", plugin, made["network"], made["result"])
    os.remove(RESULT)


def remove():
    run("systemctl", "stop", LISTENER, check=False)
    delete_from_network()
    run("ip", "netns", "delete", NAMESPACE, check=False)
    run("ip", "link", "delete", BRIDGE, check=False)  # the plugins leave it, with an address that may be an old one
    return {"removed": True}


def setup():
    """A pod as a container runtime makes it, with a listener in it."""
    remove()
    host = describe()
    if not host["subnet"]:
        return dict(host, error="no subnet in %s: flanneld has no lease" % SUBNET_FILE)
    run("ip", "netns", "add", NAMESPACE)
    run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
    try:
        address = add_to_network()
    except RuntimeError as error:
        return dict(host, error=str(error))
    run("systemd-run", "--quiet", "--collect", "--service-type=notify", "--unit", LISTENER,
        "ip", "netns", "exec", NAMESPACE, sys.executable, "-c", ECHO)
    return dict(host, pod=address)


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
