"""What the main process and the pool child tell each other through shared memory."""

from __future__ import annotations

import os

import pytest

from worker.status import Status


def test_a_forked_child_and_its_parent_see_each_others_changes() -> None:
    status = Status()
    child = os.fork()
    if child == 0:
        status.warm, status.job_id, status.device = True, "a" * 32, "NVIDIA H100"
        while not status.draining:
            pass
        os._exit(7)
    status.draining = True
    _, code = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(code) == 7
    assert (status.warm, status.job_id, status.device) == (True, "a" * 32, "NVIDIA H100")


def test_a_fresh_status_is_cold_and_idle() -> None:
    status = Status()
    assert (status.draining, status.warm, status.job_id, status.device) == (False, False, None, None)


@pytest.mark.parametrize("text", ["x" * 300, "é" * 150])
def test_long_text_is_cut_and_reaches_no_neighbour(text: str) -> None:
    status = Status()
    status.device = "cpu"
    status.job_id = text
    assert status.device == "cpu" and status.warm is False
    assert status.job_id is not None and text.startswith(status.job_id.rstrip("\ufffd"))
    status.job_id = None
    assert status.job_id is None
