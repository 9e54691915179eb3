# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes an image for pods to stdout, for `ctr image import`, as no registry can be reached from a lab.

Runs on a host. What is in it: busybox, which does nothing until it is told to, and links so that a pod that mounts
the host's /usr has all its programs. The same image serves as the sandbox of every pod.
"""

import hashlib
import io
import json
import sys
import tarfile

NAME = "localhost/lab-pod:1"
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}


def add(archive, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def layer():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        with open("/bin/busybox", "rb") as busybox:
            add(archive, "busybox", busybox.read(), 0o755)
        for name, target in LINKS.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
    return buffer.getvalue()


def main():
    content = layer()
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Entrypoint": ["/busybox", "sleep", "infinity"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]},
    }).encode()
    manifest = [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        add(archive, "config.json", config)
        add(archive, "layer.tar", content)
        add(archive, "manifest.json", json.dumps(manifest).encode())


main()
