"""A guarded process ends with its parent, whatever ends the parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from backend.supervisor.guard import guarded

Wait = Callable[..., Any]

# A process that starts a guarded copy of itself, which starts another one, ``depth`` times.
CHAIN = """
import subprocess, sys, time
from backend.supervisor.guard import guarded
depth = int(sys.argv[1])
if depth:
    child = [sys.executable, "-c", sys.argv[2], str(depth - 1), sys.argv[2]]
    subprocess.Popen(guarded(child), start_new_session=True)
time.sleep(600)
"""


def test_children_and_their_children_end_with_a_killed_parent(
    family: Any, gone: Callable[..., None], wait_until: Wait
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", CHAIN, "2", CHAIN], env=family.environment)
    wait_until(lambda: len(family.members) == 3, what="parent, child and grandchild")
    parent.kill()
    parent.wait()
    gone(5)


def test_a_guarded_command_whose_parent_is_gone_already_does_not_start() -> None:
    command = guarded([sys.executable, "-c", "print('started')"])
    command[4] = "1" if os.getppid() != 1 else "2"  # not the process that starts it
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""


def test_niceness_is_lowered() -> None:
    command = guarded([sys.executable, "-c", "import os; print(os.nice(0))"], nice=7)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) == os.nice(0) + 7
