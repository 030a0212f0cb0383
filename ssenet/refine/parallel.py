"""The same work for every photograph, in processes of its own. Free of torch.

The dense CRF holds the interpreter's lock while it works, so threads would not help.
Workers are started fresh (spawn), use one thread each and load no torch, so that one
costs tens of megabytes; a worker whose parent is gone ends itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from ssenet.events import Stopped

R = TypeVar("R")
Work = Callable[[str], R]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ORPHANED = 3
"""Exit code of a worker whose parent is gone."""
_work: Work[Any] | None = None
"""In a worker: what it does with an image id."""


def process_count(processes: int, items: int) -> int:
    """How many processes to start: ``processes``, or for 0 one a core that we may use; never more than ``items``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processes or cores, items))


def for_each_image(
    ids: Sequence[str],
    work: Work[R],
    put: Callable[[str, R], None],
    *,
    processes: int = 0,
    progress: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Do ``work`` for all ``ids`` and hand every result to ``put`` as soon as it is there, in any order.

    Args:
        ids: of the images.
        work: sent to each worker once, so it must be picklable; with one process it is done in this one.
        put: called in this process. At most twice as many results as processes are on their way to it.
        processes: 0 takes one a core.
        progress: called with the number of finished images.
        stop: asked after every image.

    Raises:
        Stopped: ``stop`` said so before all images were done; what had been begun is finished.
        RuntimeError: a worker was killed, for instance by the system for want of memory.
    """
    count = process_count(processes, len(ids))
    pending: dict[Future[R], str] = {}
    try:
        with _executor(work, count) as executor:
            most = 1 if count == 1 else 2 * count
            for done, (image_id, result) in enumerate(_results(ids, executor, pending, most, stop), 1):
                put(image_id, result)
                progress(done)
    except BrokenProcessPool as error:
        if stop():  # the signal that told us to stop reached the workers, too
            raise Stopped from error
        raise RuntimeError(
            f"A worker process was killed while it worked on one of {', '.join(pending.values())}; perhaps the system "
            "was short of memory. Run it again, with fewer processes if it recurs: finished images are kept."
        ) from error


def _results(
    ids: Sequence[str], executor: Executor, pending: dict[Future[R], str], most: int, stop: Callable[[], bool]
) -> Iterator[tuple[str, R]]:
    """Ids and results as they come; ``pending`` always holds what is on its way, ``most`` at most."""
    waiting, done = iter(ids), 0
    while done < len(ids):
        if stop():
            _forget(pending)
        else:
            for image_id in islice(waiting, most - len(pending)):
                pending[executor.submit(_do, image_id)] = image_id
        if not pending:
            raise Stopped
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            result, done = future.result(), done + 1
            yield pending.pop(future), result


def _forget(pending: dict[Future[R], str]) -> None:
    """Take out what no worker has begun."""
    for future in [future for future in pending if future.cancel()]:
        del pending[future]


class _Here(Executor):
    """Does the work in this process, when it is submitted."""

    def __init__(self, work: Work[Any]) -> None:
        self.work = work

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The finished work on ``args``; ``fn`` is for workers that were given the work before."""
        future: Future[Any] = Future()
        future.set_result(self.work(*args, **kwargs))
        return future


@contextmanager
def _executor(work: Work[Any], count: int) -> Iterator[Executor]:
    if count == 1:
        yield _Here(work)
        return
    context = multiprocessing.get_context("spawn")
    with _one_thread_each():
        executor = ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(work,))
        try:
            yield executor
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started meanwhile use one thread: libraries read these variables when they are loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start(work: Work[Any]) -> None:
    """Prepare a worker."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(_ORPHANED)


def _do(image_id: str) -> Any:
    assert _work is not None, "a worker is prepared before it works"
    return _work(image_id)
