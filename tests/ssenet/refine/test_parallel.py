"""Work over a pool: bounded, in processes without torch, and nothing is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import parallel_work
import pytest

import ssenet.refine
from ssenet.events import Stopped
from ssenet.refine.parallel import for_each_image, process_count


def test_number_of_processes() -> None:
    cores = len(os.sched_getaffinity(0))
    assert process_count(0, 1000) == cores
    assert process_count(3, 1000) == 3
    assert process_count(8, 2) == 2
    assert process_count(0, 0) == 1


def test_one_process_works_here_and_in_order() -> None:
    seen: list[tuple[str, int]] = []
    steps: list[int] = []
    for_each_image(
        ["a", "b"], lambda i: os.getpid(), lambda i, r: seen.append((i, r)), processes=1, progress=steps.append
    )
    assert seen == [("a", os.getpid()), ("b", os.getpid())]
    assert steps == [1, 2]


def test_nothing_to_do_asks_nothing() -> None:
    for_each_image([], pytest.fail, pytest.fail, stop=lambda: True)


def test_stopping_keeps_what_is_finished() -> None:
    finished: list[str] = []

    with pytest.raises(Stopped):
        for_each_image(
            "abc",
            lambda i: i,
            lambda i, _: finished.append(i),
            processes=1,
            stop=lambda: len(finished) == 2,
        )
    assert finished == ["a", "b"]


def test_a_stop_after_the_last_image_is_none() -> None:
    finished: list[str] = []
    for_each_image("ab", str, lambda i, _: finished.append(i), processes=1, stop=lambda: len(finished) == 2)
    assert finished == ["a", "b"]


def test_errors_of_the_work_reach_the_caller() -> None:
    def fail(image_id: str) -> str:
        raise ValueError(image_id)

    with pytest.raises(ValueError, match="a"):
        for_each_image(["a"], fail, pytest.fail, processes=1)


def test_workers_have_one_thread_and_no_torch(tmp_path: Path) -> None:
    import torch  # this process has it, the workers must not

    del torch
    before = os.environ.get("OMP_NUM_THREADS")
    facts: dict[str, dict[str, object]] = {}
    ids = ["a", "other", "b", "c", "d", "e"]
    for_each_image(ids, parallel_work.Facts(tmp_path), facts.__setitem__, processes=2)
    assert sorted(facts) == sorted(ids)
    assert len({f["pid"] for f in facts.values()}) == 2
    assert os.getpid() not in {f["pid"] for f in facts.values()}
    assert {f["torch"] for f in facts.values()} == {False}
    assert {f["threads"] for f in facts.values()} == {"1"}
    assert os.environ.get("OMP_NUM_THREADS") == before
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_named_and_leaves_none() -> None:
    with pytest.raises(RuntimeError, match=r"killed while it worked on one of .*b"):
        for_each_image("ab", parallel_work.die_on_b, lambda *_: None, processes=2)
    assert not multiprocessing.active_children()


@pytest.fixture
def pool_process(tmp_path: Path, wait_until) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A process with two workers at work, and their ids."""
    code = (
        "import sys; from pathlib import Path; from parallel_work import Hold; "
        "from ssenet.refine.parallel import for_each_image; "
        "for_each_image('ab', Hold(Path(sys.argv[1])), print, processes=2)"
    )
    path = os.pathsep.join([str(Path(parallel_work.__file__).parent), *sys.path])
    words = [sys.executable, "-c", code, str(tmp_path)]
    parent = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2, what="both workers at work")
        yield parent, [int(path.name.split("-")[1]) for path in tmp_path.iterdir()]
    finally:
        (tmp_path / "go").touch()
        parent.kill()
        parent.wait()


def alive(pids: list[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_workers_end_with_their_parent(pool_process, wait_until) -> None:
    parent, workers = pool_process
    assert alive(workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not alive(workers), what="the end of the workers")


def test_an_interruption_leaves_no_worker(pool_process, tmp_path: Path) -> None:
    parent, workers = pool_process
    parent.send_signal(signal.SIGINT)
    (tmp_path / "go").touch()
    parent.wait(timeout=20)
    assert parent.returncode != 0
    assert not alive(workers)


def test_no_module_of_this_package_loads_torch() -> None:
    names = [f"ssenet.refine.{path.stem}" for path in Path(ssenet.refine.__path__[0]).glob("[a-z]*.py")]
    assert len(names) >= 10
    code = f"import sys, ssenet.crf, ssenet.stages, {', '.join(names)}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_signal_that_stops_us_and_the_workers_is_a_stop() -> None:
    stopping: list[bool] = []

    def stop() -> bool:
        # Asked once before the work begins; by the time it is asked again, the worker is dead.
        stopping.append(True)
        return len(stopping) > 1

    with pytest.raises(Stopped):
        for_each_image("ba", parallel_work.die_on_b, lambda *_: None, processes=2, stop=stop)
