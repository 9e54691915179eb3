# SPDX-License-Identifier: GPL-3.0-or-later
# A connection to a host that is not there: it answers what a host answers on which the role has nothing left to do
# (answers.py), and writes a line for every call. So plays for hundreds of hosts run on one machine.
# Files are real: what was copied to a host is found there again, and on all hosts that were never given another.

import ast
import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase

sys.path.insert(0, str(Path(__file__).parent.parent))
import answers  # noqa: E402
import events  # noqa: E402

DOCUMENTATION = """
name: converged
short_description: Answers as a host on which the role has nothing left to do
description: For tests that count what a host costs; needs pipelining.
options:
  remote_addr:
    description: Name of the made-up host, in words of answers.py.
    vars: [{name: ansible_host}]
  trouble:
    description:
      - C(away) is a host that cannot be reached.
      - C(hangs-up) is a host without the link to Node.js, whose shell does not wait until it was sent the module.
      - C(keeps-daemon) fails to take the daemon back.
      - C(lacks-backend) has no kernel module for the network that is declared.
    default: none
    vars: [{name: rig_trouble}]
"""


class Connection(ConnectionBase):
    """One made-up host; an exec, a put and a fetch are a remote call each."""

    transport = "converged"
    has_pipelining = True

    def _connect(self):
        self._connected = True
        return self

    def close(self):
        self._connected = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        name, arguments = read_module(in_data) if in_data else (None, cmd)
        self._make_trouble(name, arguments)
        self._tell("exec", name or cmd)
        answer = json.dumps(self._run_module(name, arguments)) if name else self._run_command(cmd)
        return 0, answer.encode(), b""

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        self._tell("put", out_path)
        shutil.copyfile(in_path, stored(out_path, self.get_option("remote_addr")))

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        self._tell("fetch", in_path)
        shutil.copyfile(find_file(in_path, self.get_option("remote_addr")), out_path)

    def _tell(self, kind, what):
        events.tell(event="call", host=self.get_option("remote_addr"), kind=kind, what=what[:200])

    def _make_trouble(self, name, arguments):
        trouble = self.get_option("trouble")
        mark = stored("/node", self.get_option("remote_addr"))
        if trouble == "away":
            raise AnsibleConnectionFailure("connect: Connection timed out")
        if trouble == "hangs-up" and name == "command":
            mark.touch()
        if trouble == "hangs-up" and name and name.startswith("flannel_") and not mark.exists():
            raise AnsibleConnectionFailure("Data could not be sent to remote host")
        if trouble == "keeps-daemon" and name == "flannel_unit" and arguments["state"] == "absent":
            raise AnsibleConnectionFailure("lost")

    def _run_module(self, name, arguments):
        answer = FILE_MODULES.get(name) or answers.MODULES.get(name)
        if not answer:
            raise AnsibleError(f"rig: {name}: a converged host has no answer for this module: give one in answers.py")
        result = {"changed": False, **answer(self.get_option("remote_addr"), arguments)}
        if self.get_option("trouble") == "lacks-backend" and "network_lacks" in result:
            result["network_lacks"] = ["no kernel module"]
        return result

    def _run_command(self, command):
        for pattern, answer in answers.COMMANDS:
            match = re.search(pattern, command)
            if match:
                return answer(self.get_option("remote_addr"), match)
        raise AnsibleError(f"rig: {command}: a converged host has no answer for this command: give one in answers.py")


def read_module(text):
    """Which module a piped file is, and its arguments: a Python literal in those of Ansible, JSON in those of the role."""
    text = text if isinstance(text, str) else text.decode()
    embedded = re.search(r"^//(\{.*)$", text, re.MULTILINE)
    if embedded:
        arguments = json.loads(embedded.group(1))
        return arguments["_ansible_module_name"].rsplit(".", 1)[-1], arguments
    # Its line begins with the name of a variable or argument, another one in each version of Ansible.
    literal = re.search(r"""'\{"ANSIBLE_MODULE_ARGS": (?:[^'\\\n]|\\.)*'""", text)
    name = re.search(r"ansible\.modules\.(\w+)", text)
    if not literal or not name:
        raise AnsibleError("rig: neither a module of Ansible nor one of the role: " + text[:200])
    return name.group(1), json.loads(ast.literal_eval(literal.group()))["ANSIBLE_MODULE_ARGS"]


def stored(path, host="all"):
    """Where a file of a made-up host is kept on this machine."""
    return Path(os.environ["RIG_DIRECTORY"], "files", quote(f"{host}:{path}", safe=""))


def find_file(path, host):
    own = stored(path, host)
    return own if own.exists() else stored(path)


def stat_file(host, arguments):
    file = find_file(arguments["path"], host)
    if not file.exists():
        return {"stat": {"exists": False}}
    checksum = hashlib.sha1(file.read_bytes()).hexdigest()
    kind = {"exists": True, "isreg": True, "isdir": False, "islnk": False}
    return {"stat": {**kind, "checksum": checksum, "mode": "0600", "uid": 0, "gid": 0, "size": file.stat().st_size}}


def copy_file(host, arguments):
    own = stored(arguments["dest"], host)
    stored(arguments["src"], host).rename(own)
    if not stored(arguments["dest"]).exists():
        shutil.copyfile(own, stored(arguments["dest"]))
    return {"changed": True, "dest": arguments["dest"]}


FILE_MODULES = {"copy": copy_file, "stat": stat_file}
