#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the cached flannel releases as /<tag>/<asset>, and as /download/<tag>/<asset> like the real site.

usage: artifact-server.py ADDRESS PORT DIRECTORY
"""

import http.server
import sys


class ReleaseHandler(http.server.SimpleHTTPRequestHandler):
    """Files of the releases directory only: no listings, no hidden files."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix("/download"))

    def list_directory(self, path):
        self.send_error(404, "No such asset")

    def send_head(self):
        if "/." in self.path:
            return self.send_error(404, "No such asset")
        return super().send_head()


def main():
    address, port, directory = sys.argv[1:]

    def handler(*args):
        return ReleaseHandler(*args, directory=directory)

    http.server.ThreadingHTTPServer((address, int(port)), handler).serve_forever()


if __name__ == "__main__":
    main()
