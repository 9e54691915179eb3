# SPDX-License-Identifier: GPL-3.0-or-later
"""What execve(2) says of each file named on stdin, one line each: 0, the errno, or the signal as -N.

The program is stopped by ptrace before its first instruction, so none of it ever runs.
"""
import ctypes
import os
import signal
import sys

PTRACE_TRACEME = 0
libc = ctypes.CDLL(None, use_errno=True)


def verdict(path: str) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        libc.ptrace(PTRACE_TRACEME, 0, None, None)
        try:
            os.execve(path, [path, "--version"], {})
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    if os.WIFSTOPPED(status):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        return 0
    told = os.read(reader, 16)
    os.close(reader)
    return int(told) if told else -os.WTERMSIG(status)


for line in sys.stdin:
    print(verdict(line.rstrip("\n")), flush=True)
