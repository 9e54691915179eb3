# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host beside its pod (pod-agent.py) until SIGTERM, and then tells as JSON what connections and pings met.

argv[1] is the order: {"peers": {HOST: {"pod": ADDRESS, "host": ADDRESS}}}. To the pod of each peer one TCP connection
is kept open and busy; that pod is pinged, and so is its host on the network below the overlay, as the control.
"""

import ctypes
import json
import os
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

POD = "/run/netns/lab-pod"
HOST = "/proc/1/ns/net"
PORT = 7946
INTERVAL = 0.05
PATIENCE = 2.0  # seconds after which a ping is lost
CLONE_NEWNET = 0x40000000
ECHO_REQUEST, ECHO_REPLY = 8, 0
BAD = re.compile("CsumErrors|InErr|InHdrErrors|Discards|NoRoutes|ReasmFails|FragFails|dropped|errors")


def enter(namespace):
    with open(namespace) as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def counters(namespace):
    """What the kernel counts of packets that it drops or finds wrong, in this namespace: {name: number}."""
    enter(namespace)
    found = {}
    with open("/proc/thread-self/net/snmp") as file:
        lines = [line.split() for line in file]
    for names, values in zip(lines[::2], lines[1::2]):
        found.update((names[0] + name, int(value)) for name, value in zip(names[1:], values[1:]))
    links = subprocess.run(["ip", "-s", "-j", "link"], stdout=subprocess.PIPE, check=True).stdout
    for link in json.loads(links):
        stats = link["stats64"]
        found.update(("%s:%s_%s" % (link["ifname"], way, kind), stats[way][kind])
                     for way in ("rx", "tx") for kind in ("dropped", "errors"))
    return {name: number for name, number in found.items() if BAD.search(name)}


class Pings:
    """One ping at each tick, known by its number."""

    def __init__(self, namespace, address, number):
        enter(namespace)
        self.file = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.file.setblocking(False)
        self.file.connect((address, 0))
        self.identity = (os.getpid() + number) & 0xFFFF
        self.sent = []
        self.answered = set()

    def send(self):
        number = len(self.sent)
        self.sent.append(time.time())
        body = struct.pack("!HHI", self.identity, number & 0xFFFF, number)
        total = sum(struct.unpack("!5H", struct.pack("!H", ECHO_REQUEST << 8) + body))
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        try:
            self.file.send(struct.pack("!BBH", ECHO_REQUEST, 0, ~total & 0xFFFF) + body)
        except OSError:
            pass  # no route, no device: a lost ping

    def receive(self):
        try:
            packet = self.file.recv(2048)
        except OSError:
            return  # an ICMP error about an earlier one
        answer = packet[(packet[0] & 0x0F) * 4:]
        kind, _, _, identity, _, number = struct.unpack("!BBHHHI", answer[:12])
        if kind == ECHO_REPLY and identity == self.identity:
            self.answered.add(number)

    def report(self, end):
        known = [(number, when) for number, when in enumerate(self.sent) if when < end - PATIENCE]
        lost = [round(when, 3) for number, when in known if number not in self.answered]
        return {"sent": len(known), "lost": lost}


class Connection:
    """Numbers that the pod has to send back, each in its turn."""

    def __init__(self, address):
        enter(POD)
        self.file = socket.create_connection((address, PORT), timeout=5)
        self.file.setblocking(False)
        self.sent = self.received = 0
        self.rest = b""
        self.last, self.gap = time.monotonic(), 0.0
        self.broken = ""

    def send(self):
        try:
            self.file.send(struct.pack("!I", self.sent))
            self.sent += 1
        except BlockingIOError:
            pass  # its buffer is full of what nobody acknowledges
        except OSError as error:
            self.broken = self.broken or str(error)

    def receive(self):
        try:
            data = self.file.recv(65536)
            if not data:
                raise OSError("closed by the other side")
        except OSError as error:
            self.broken = self.broken or str(error)
            return
        self.rest += data
        while len(self.rest) >= 4:
            if struct.unpack("!I", self.rest[:4])[0] != self.received:
                self.broken = self.broken or "another number came back than was sent"
            self.received, self.rest = self.received + 1, self.rest[4:]
        now = time.monotonic()
        self.last, self.gap = now, max(self.gap, now - self.last)

    def report(self):
        gap = max(self.gap, time.monotonic() - self.last)
        return {"exchanged": self.received, "longest_gap_ms": round(gap * 1000), "broken": self.broken}


def moved(before, after):
    return {name: after[name] - before[name] for name in before if after.get(name, 0) > before[name]}


def main(order):
    before = {place: counters(place) for place in (HOST, POD)}
    links = {}
    for index, (name, peer) in enumerate(order["peers"].items()):
        links[name] = {"tcp": Connection(peer["pod"]), "pod": Pings(POD, peer["pod"], 2 * index),
                       "host": Pings(HOST, peer["host"], 2 * index + 1)}
    everything = [end for link in links.values() for end in link.values()]
    ready = selectors.DefaultSelector()
    for end in everything:
        ready.register(end.file, selectors.EVENT_READ, end)
    signal.signal(signal.SIGTERM, lambda *_: order.update(over=True))
    print("started", flush=True)
    tick = time.monotonic()
    while "over" not in order:
        for key, _ in ready.select(max(0.0, tick - time.monotonic())):
            key.data.receive()
            if getattr(key.data, "broken", ""):
                ready.unregister(key.fileobj)
        if time.monotonic() >= tick:
            tick = max(tick + INTERVAL, time.monotonic())
            for end in everything:
                if not getattr(end, "broken", ""):
                    end.send()
    now = time.time()
    after = {place: counters(place) for place in (HOST, POD)}
    return {"peers": {name: {"tcp": link["tcp"].report(), "pod": link["pod"].report(now), "host": link["host"].report(now)}
                      for name, link in links.items()},
            "counters": {"host": moved(before[HOST], after[HOST]), "pod": moved(before[POD], after[POD])}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
