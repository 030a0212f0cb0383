"""SIGTERM to a pool child: it gives the work at hand back, and dies of it when there is none."""

from __future__ import annotations

import os
import signal

import pytest

from worker.app import WorkerApp
from worker.context import Context


@pytest.mark.promise("R14")
def test_a_pool_child_that_is_asked_to_leave_gives_its_work_back_and_then_ends(context: Context) -> None:
    child = os.fork()
    if child == 0:  # no exception may leave this process
        os._exit(_asked_while_busy(context))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.promise("R14")
def test_a_pool_child_whose_work_fails_while_it_leaves_ends_and_takes_no_more(context: Context) -> None:
    child = os.fork()
    if child == 0:
        try:
            with WorkerApp(context.settings, "train").busy_with("0" * 32):
                os.kill(os.getpid(), signal.SIGTERM)
                raise RuntimeError("the work failed")
        except SystemExit:
            os._exit(7)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def _asked_while_busy(context: Context) -> int:
    """7 when all was as it should be."""
    worker, seen = WorkerApp(context.settings, "train"), []
    try:
        with worker.busy_with("0" * 32):
            seen.append(worker.draining)
            os.kill(os.getpid(), signal.SIGTERM)
            seen.append(worker.draining)
    except SystemExit:
        return 7 if seen == [False, True] and worker.status.job_id is None and not worker.status.draining else 1
    except BaseException:
        return 2
    return 3


@pytest.mark.promise("R14")
def test_an_idle_pool_child_dies_of_it(context: Context) -> None:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with WorkerApp(context.settings, "train").busy_with("0" * 32):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
