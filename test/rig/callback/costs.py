# SPDX-License-Identifier: GPL-3.0-or-later
# Tells which tasks each host was given, skipped ones too, as Ansible forks a worker for those as well; and after
# every task the CPU seconds that ansible-playbook and its workers have used so far.

import os
import sys
from pathlib import Path

from ansible.plugins.callback import CallbackBase

sys.path.insert(0, str(Path(__file__).parent.parent))
import events  # noqa: E402

DOCUMENTATION = """
name: costs
type: aggregate
short_description: Tells what each task of a play costs
description: Appends lines of JSON to C(events) in the directory that the variable RIG_DIRECTORY names.
"""


class CallbackModule(CallbackBase):
    """Four kinds of events: play, task (with the CPU seconds before it), host (one task of one host), and end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "costs"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play):
        events.tell(event="play", cpu=cpu_seconds())

    def v2_playbook_on_task_start(self, task, is_conditional):
        events.tell(event="task", task=task.get_name(), cpu=cpu_seconds())

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_start(self, host, task):
        events.tell(event="host", host=host.get_name(), task=task.get_name())

    def v2_playbook_on_stats(self, stats):
        events.tell(event="end", cpu=cpu_seconds())


def cpu_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
