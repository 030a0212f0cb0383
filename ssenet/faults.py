"""Deaths on order, for tests of what a kill leaves behind: nobody else sets ``SSENET_FAULT``.

``SSENET_FAULT=after_fsync:3`` kills a process, as ``SIGKILL`` would, when it passes that point for the third
time. Without the variable nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Literal

VARIABLE = "SSENET_FAULT"
Point = Literal["after_write", "after_fsync", "after_rename", "before_row"]
"""Moments of making a result: its temporary file is written, is on the disk, is in place; its row is due."""

_passed: Counter[str] = Counter()


def fault(point: Point) -> None:
    """Die here if the environment says so."""
    wanted, _, times = os.environ.get(VARIABLE, "").partition(":")
    if wanted != point:
        return
    _passed[point] += 1
    if _passed[point] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
