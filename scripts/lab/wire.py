#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the network namespaces of a lab's hosts by a network card in each, which does to packets what it is told.

usage: wire.py DEVICE FAULTS HOST=PID=ADDRESS/PREFIX..     prints a line when all cards are up
       wire.py check FAULTS HOST..                         whether the file can be read

The cards take checksum offload, as real ones do: the kernel leaves checksums to them. FAULTS is a file that may change
at any time, of lines "HOST -> HOST FAULT.." or, for both ways, "HOST <-> HOST FAULT..", where * is every host:
  careless     completes the checksum of the outermost header only, as WireGuard once did
  loss=20%     loses that part of the packets, by chance
  delay=50ms   delivers them later
  cut          delivers nothing
"""

import ctypes
import dataclasses
import fcntl
import heapq
import ipaddress
import itertools
import os
import pathlib
import random
import re
import selectors
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
TUNSETIFF, TUNSETOFFLOAD, TUN_F_CSUM = 0x400454CA, 0x400454D0, 0x01
NEEDS_CSUM = 1
HEADER = struct.Struct("<BBHHHH")  # virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
NO_HEADER = bytes(HEADER.size)
CHECKSUM_OFFSETS = {6: 16, 17: 6}  # of TCP and UDP
MTU = 1420  # that of WireGuard
LOOK_SECONDS = 0.1  # how soon a changed file is noticed


@dataclasses.dataclass(frozen=True)
class Fault:
    careless: bool = False
    cut: bool = False
    loss: float = 0.0
    delay: float = 0.0


def parse_fault(words):
    """The fault that these words are; raises ValueError for another one."""
    fault = Fault()
    for word in words:
        number = re.fullmatch(r"(?:loss=(\d+)%|delay=(\d+)ms)", word)
        if number:
            loss, delay = number.groups()
            change = {"loss": int(loss) / 100} if loss else {"delay": int(delay) / 1000}
        elif word in ("careless", "cut"):
            change = {word: True}
        else:
            raise ValueError("%s: expected careless, cut, loss=20%% or delay=50ms" % word)
        fault = dataclasses.replace(fault, **change)
    return fault


def parse_faults(text, hosts):
    """The fault of each ordered pair of hosts that has one; of two lines about a pair, the later counts."""
    faults = {}
    for line in text.splitlines():
        first, arrow, second, *words = line.split() + [""] * 3
        for name in (first, second):
            if name != "*" and name not in hosts:
                raise ValueError("%s: no host of this name in %r: expected one of %s, or *" % (name, line, ", ".join(hosts)))
        if arrow not in ("->", "<->"):
            raise ValueError("%r: expected HOST -> HOST FAULT.. or HOST <-> HOST FAULT.." % line)
        fault = parse_fault(filter(None, words))
        pairs = list(itertools.product(hosts if first == "*" else [first], hosts if second == "*" else [second]))
        faults.update(dict.fromkeys(pairs, fault))
        if arrow == "<->":
            faults.update(dict.fromkeys([(b, a) for a, b in pairs], fault))
    return faults


def checksum(data):
    """The Internet checksum of RFC 1071; 0xFFFF for zero, as UDP has no other way to say it."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def complete(packet, start, offset):
    """What a card has to do: the kernel has put the sum of the pseudo-header there already."""
    struct.pack_into("!H", packet, start + offset, checksum(bytes(packet[start:])))


def complete_outermost(packet):
    """What a careless card does: it looks for a header by itself, finds the first, and forgets the one it was told."""
    start, protocol = (packet[0] & 0x0F) * 4, packet[9]
    if protocol not in CHECKSUM_OFFSETS:
        return
    offset = start + CHECKSUM_OFFSETS[protocol]
    packet[offset:offset + 2] = bytes(2)
    pseudo = bytes(packet[12:20]) + struct.pack("!HH", protocol, len(packet) - start)
    struct.pack_into("!H", packet, offset, checksum(pseudo + bytes(packet[start:])))


class Card:
    """The end of the wire in one host."""

    def __init__(self, device, name, pid, address):
        self.name = name
        self.address = ipaddress.ip_interface(address).ip.packed
        with open("/proc/%s/ns/net" % pid) as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        self.file = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.file, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
        fcntl.ioctl(self.file, TUNSETOFFLOAD, TUN_F_CSUM)
        for command in (("address", "add", address, "dev", device), ("link", "set", device, "mtu", str(MTU), "up")):
            subprocess.run(("ip", *command), check=True)

    def read(self):
        """What the kernel sends: (packet, where its checksum is to go or None)."""
        frame = os.read(self.file, 65536 + HEADER.size)
        flags, _, _, _, start, offset = HEADER.unpack_from(frame)
        return bytearray(frame[HEADER.size:]), (start, offset) if flags & NEEDS_CSUM else None

    def write(self, packet):
        try:
            os.write(self.file, NO_HEADER + packet)
        except OSError:
            pass  # the host has taken it down


class Wire:
    def __init__(self, path, cards):
        self.path = path
        self.hosts = [card.name for card in cards]
        self.by_address = {card.address: card for card in cards}
        self.late = []  # heap of (when, number, card, packet)
        self.numbers = itertools.count()
        self.faults, self.known, self.looked = {}, None, 0.0
        self.ready = selectors.DefaultSelector()
        for card in cards:
            self.ready.register(card.file, selectors.EVENT_READ, card)

    def look(self):
        """Takes a changed file over; one that cannot be read changes nothing."""
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        try:
            text = self.path.read_text()
            if text != self.known:
                self.known = text
                self.faults = parse_faults(text, self.hosts)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr, flush=True)

    def carry(self, sender):
        packet, partial = sender.read()
        receiver = self.by_address.get(bytes(packet[16:20])) if packet[0] >> 4 == 4 else None
        if receiver is None:
            return
        fault = self.faults.get((sender.name, receiver.name), Fault())
        if fault.cut or random.random() < fault.loss:
            return
        if partial is not None:
            complete_outermost(packet) if fault.careless else complete(packet, *partial)
        if fault.delay:
            heapq.heappush(self.late, (time.monotonic() + fault.delay, next(self.numbers), receiver, packet))
        else:
            receiver.write(packet)

    def deliver_late(self):
        while self.late and self.late[0][0] <= time.monotonic():
            _, _, receiver, packet = heapq.heappop(self.late)
            receiver.write(packet)

    def run(self):
        while True:
            wait = LOOK_SECONDS
            if self.late:
                wait = min(wait, max(0.0, self.late[0][0] - time.monotonic()))
            events = self.ready.select(wait)
            self.look()
            for key, _ in events:
                self.carry(key.data)
            self.deliver_late()


def main(command, faults, *hosts):
    path = pathlib.Path(faults)
    if command == "check":
        try:
            parse_faults(path.read_text(), hosts)
        except ValueError as error:
            sys.exit(str(error))
        return
    wire = Wire(path, [Card(command, *host.split("=")) for host in hosts])
    print("up", flush=True)
    wire.run()


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
