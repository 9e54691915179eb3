#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries the overlay from this host to others: ping, and TCP with enough data for a wrong MTU to show.

usage: overlay-probe.py listen SUBNET            serves an echo on this host's address in the overlay
       overlay-probe.py try SOURCE ADDRESS:PORT..  reaches for other hosts' echoes from this host's address
       overlay-probe.py stop ADDRESS:PORT        ends the echo and takes back what `listen` added

Prints one line of JSON. The address is one that the host has in its subnet already (flannel's device, or the bridge of
the pods); a host that has none, as with host-gw before the first pod, gets the subnet's first on its loopback device
for as long as the echo is served, which ends by itself after five minutes.
"""

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import threading

LIFETIME_S = 300
CONNECT_TIMEOUT_S = 4
STOP = b"stop overlay-probe\n"
PAYLOAD = os.urandom(64 * 1024)  # many full segments


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)


def own_address(subnet):
    """This host's address in the subnet, or None."""
    for address in re.findall(r"\binet ([\d.]+)", run("ip", "-4", "-o", "address", "show").stdout):
        if ipaddress.ip_address(address) in subnet:
            return address
    return None


def listen(text):
    interface = ipaddress.ip_interface(text)
    address = own_address(interface.network)
    added = None
    if address is None:
        address = str(interface.network.network_address + 1)
        added = address + "/32"
        run("ip", "address", "add", added, "dev", "lo")
    server = socket.create_server((address, 0))
    answer = {"address": address, "port": server.getsockname()[1]}
    if os.fork() == 0:
        detach()
        serve(server, added)
    return answer


def detach():
    """Lets go of Ansible's connection, which would wait for this process otherwise."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def serve(server, added):
    ended = threading.Event()
    threading.Thread(target=accept, args=(server, ended), daemon=True).start()
    ended.wait(LIFETIME_S)
    if added:
        run("ip", "address", "delete", added, "dev", "lo")
    os._exit(0)


def accept(server, ended):
    while True:
        peer, (source, _) = server.accept()
        local = source == server.getsockname()[0]
        threading.Thread(target=echo, args=(peer, local, ended), daemon=True).start()


def echo(peer, local, ended):
    """Only this very host may end the echo."""
    try:
        while True:
            data = peer.recv(65536)
            if not data:
                return
            if local and data == STOP:
                ended.set()
                return
            peer.sendall(data)
    except OSError:
        return
    finally:
        peer.close()


def split(target):
    address, port = target.rsplit(":", 1)
    return address, int(port)


def stop(target):
    with socket.create_connection(split(target), timeout=CONNECT_TIMEOUT_S) as peer:
        peer.sendall(STOP)
        peer.recv(1)
    return {}


def try_all(source, *targets):
    threads, found = [], {}
    for target in targets:
        threads.append(threading.Thread(target=try_one, args=(source, target, found)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return found


def try_one(source, target, found):
    address, port = split(target)
    found[address] = {"ping": ping(source, address), "tcp": tcp(source, address, port)}


def ping(source, address):
    """None where the host has no ping."""
    try:
        return run("ping", "-n", "-c", "2", "-i", "0.3", "-W", "2", "-I", source, address).returncode == 0
    except FileNotFoundError:
        return None


def tcp(source, address, port):
    """Whether the payload comes back as it was sent."""
    try:
        with socket.create_connection((address, port), CONNECT_TIMEOUT_S, (source, 0)) as peer:
            threading.Thread(target=peer.sendall, args=(PAYLOAD,), daemon=True).start()
            received = b""
            while len(received) < len(PAYLOAD):
                data = peer.recv(65536)
                if not data:
                    return False
                received += data
            return received == PAYLOAD
    except OSError:
        return False


if __name__ == "__main__":
    action = {"listen": listen, "try": try_all, "stop": stop}[sys.argv[1]]
    print(json.dumps(action(*sys.argv[2:])), flush=True)
