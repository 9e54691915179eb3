# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the network namespaces of two processes by an interface `nic0` each, as careless network cards.

usage: careless-nic.py PID PID CARELESS..   CARELESS: the PIDs whose card sends what it was to checksum as it is

Such a card tells the kernel that it computes checksums, and does not: every TCP segment and UDP datagram arrives with a
wrong one, while ping, whose checksum the kernel computes itself, goes through. Prints a line when it is up.
"""

import ctypes
import fcntl
import os
import selectors
import struct
import sys

CLONE_NEWNET = 0x40000000
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
TUNSETIFF, TUNSETOFFLOAD, TUN_F_CSUM = 0x400454CA, 0x400454D0, 0x01
NEEDS_CSUM = 1
HEADER = 10  # struct virtio_net_hdr


def open_card(pid):
    namespace = os.open("/proc/%s/ns/net" % pid, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    card = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(card, TUNSETIFF, struct.pack("16sH22x", b"nic0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(card, TUNSETOFFLOAD, TUN_F_CSUM)
    return card


def forget(frame):
    """The frame as it leaves a careless card: what was to be computed is not."""
    return bytes(HEADER) + frame[HEADER:]


def compute(frame):
    """The frame as it leaves an honest card."""
    flags, _, _, _, start, offset = struct.unpack("<BBHHHH", frame[:HEADER])
    if not flags & NEEDS_CSUM:
        return forget(frame)
    packet = bytearray(frame[HEADER:])
    part = bytes(packet[start:]) + bytes(len(packet[start:]) % 2)
    total = sum(struct.unpack("!%dH" % (len(part) // 2), part))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    packet[start + offset : start + offset + 2] = struct.pack("!H", ~total & 0xFFFF or 0xFFFF)
    return bytes(HEADER) + bytes(packet)


def main(first, second, *careless):
    cards = {pid: open_card(pid) for pid in (first, second)}
    others = {cards[first]: cards[second], cards[second]: cards[first]}
    send = {card: forget if pid in careless else compute for pid, card in cards.items()}
    ready = selectors.DefaultSelector()
    for card in others:
        ready.register(card, selectors.EVENT_READ)
    print("up", flush=True)
    while True:
        for key, _ in ready.select():
            try:
                os.write(others[key.fd], send[key.fd](os.read(key.fd, 70000)))
            except OSError:
                pass  # the other side is not up yet


main(*sys.argv[1:])
