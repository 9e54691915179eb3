# SPDX-License-Identifier: GPL-3.0-or-later
# What happened in a play, as lines of JSON in the order in which it did.

import json
import os


def tell(**event):
    """Appends one line; short enough for the kernel not to mix those of Ansible's many workers."""
    path = os.path.join(os.environ["RIG_DIRECTORY"], "events")
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, (json.dumps(event) + "\n").encode())
    finally:
        os.close(file)
