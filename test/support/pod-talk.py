# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the network of a pod: serves an echo, tries others once, or talks to them until SIGTERM and tells what it met.

argv: serve | try TARGETS | talk TARGETS, with TARGETS as JSON, {NAME: ["tcp" or "udp", ADDRESS, PORT]}.
The echo is on PORTS, by TCP and by UDP, as a name server is. Every UDP question is a socket of its own, as a
resolver's is; every TCP target gets one connection that is kept busy. Answers are {NAME: {...}}, as JSON.
"""

import json
import os
import signal
import socket
import sys
import threading
import time

PORTS = (53, 8080)
PAYLOAD = os.urandom(64 * 1024)  # many full segments: a wrong MTU or checksum shows
INTERVAL = 0.05
PATIENCE = 2.0  # seconds after which an answer counts as lost


def echo(peer):
    while True:
        data = peer.recv(65536)
        if not data:
            return peer.close()
        peer.sendall(data)


def answer_datagrams(server):
    while True:
        data, peer = server.recvfrom(65536)
        server.sendto(data, peer)


def serve():
    for port in PORTS:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("", port))
        threading.Thread(target=answer_datagrams, args=(datagrams,), daemon=True).start()
        listener = socket.create_server(("", port), backlog=64)
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
    signal.pause()


def accept(listener):
    while True:
        threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()


def exchange(peer, data):
    """Sends the data and waits until all of it is back."""
    peer.sendall(data)
    missing = len(data)
    while missing > 0:
        part = peer.recv(65536)
        if not part:
            raise OSError("closed by the other side")
        missing -= len(part)


def ask(address, port):
    """One question by UDP, from a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        question.settimeout(PATIENCE)
        question.connect((address, port))
        exchange(question, os.urandom(40))


def try_once(protocol, address, port):
    try:
        if protocol == "udp":
            ask(address, port)
        else:
            with socket.create_connection((address, port), timeout=PATIENCE) as peer:
                exchange(peer, PAYLOAD)
        return {"ok": True}
    except OSError as error:
        return {"ok": False, "error": str(error)}


class Talk(threading.Thread):
    """Talks to one target until told to stop."""

    def __init__(self, protocol, address, port):
        super().__init__(daemon=True)
        self.protocol, self.target = protocol, (address, port)
        self.asked = self.lost = self.broken = 0
        self.gap = 0.0
        self.stopped = threading.Event()

    def run(self):
        if self.protocol == "udp":
            return self.repeat(lambda: ask(*self.target))
        peer = socket.create_connection(self.target, timeout=PATIENCE)
        peer.settimeout(60)  # a connection may wait for its packets to be sent again
        self.repeat(lambda: exchange(peer, b"x" * 200))

    def repeat(self, once):
        last = time.monotonic()
        while not self.stopped.wait(INTERVAL):
            self.asked += 1
            try:
                once()
            except socket.timeout:
                self.lost += 1
                continue
            except OSError:
                self.broken += 1
                if self.protocol == "tcp":
                    return
                continue
            now = time.monotonic()
            self.gap, last = max(self.gap, now - last), now

    def told(self):
        return {"asked": self.asked, "lost": self.lost, "broken": self.broken, "gapMs": round(self.gap * 1000)}


def talk(targets):
    talks = {name: Talk(*target) for name, target in targets.items()}
    for one in talks.values():
        one.start()
    signal.sigwait([signal.SIGTERM])
    for one in talks.values():
        one.stopped.set()
    for one in talks.values():
        one.join(PATIENCE + 1)
    print(json.dumps({name: one.told() for name, one in talks.items()}))


def main():
    order = sys.argv[1]
    if order == "serve":
        return serve()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    targets = json.loads(sys.argv[2])
    if order == "talk":
        return talk(targets)
    print(json.dumps({name: try_once(*target) for name, target in targets.items()}))


main()
