"""The long tests without PostgreSQL: skipped with the reason; where CI is set it is installed, or that is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ensure_postgres
import psutil
import pytest
from postgres_server import Cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A system without PostgreSQL: the script with another idea of where Debian keeps things."""
    script = (ROOT / "scripts" / "ensure_postgres.py").read_text()
    (tmp_path / "ensure_postgres.py").write_text(script.replace("/usr/lib/postgresql", str(tmp_path / "lib")))
    (tmp_path / "ensure_browser.py").write_text((ROOT / "scripts" / "ensure_browser.py").read_text())
    (tmp_path / "bin").mkdir()
    return tmp_path


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "SSENET_POSTGRES_BIN")}
    environment = {**kept, "PATH": str(folder / "bin"), **variables}
    command = [sys.executable, str(folder / "ensure_postgres.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ensure_postgres.NEEDED:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_without_it_the_tests_are_skipped_and_nothing_is_installed(empty: Path) -> None:
    done = run(empty)
    assert done.returncode == 0 and "apt-get install postgresql" in done.stderr and "will be skipped" in done.stderr


def test_where_ci_is_set_that_is_a_failure(empty: Path) -> None:
    done = run(empty, CI="true")
    assert done.returncode == 1 and "no apt-get" in done.stderr and "Failing, because CI is set" in done.stderr


def test_it_is_found_off_the_path_the_newest_first_or_where_it_is_named(empty: Path) -> None:
    for version in ("9.6", "15", "17"):
        programs(empty / "lib" / version / "bin")
    assert f"use {empty / 'lib' / '17' / 'bin'}" in run(empty, CI="true").stdout
    named = programs(empty / "own")
    assert f"use {named}" in run(empty, SSENET_POSTGRES_BIN=str(named)).stdout


def test_in_ci_it_is_installed(empty: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("installing packages needs root, and the script asks for it")
    apt, brought = empty / "bin" / "apt-get", empty / "lib" / "15" / "bin"
    # A package manager that notes how it is called and brings the server.
    apt.write_text(
        f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
        f"Path({str(empty / 'calls')!r}).open('a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"if sys.argv[1] == 'install':\n    Path({str(brought)!r}).mkdir(parents=True)\n"
        f"    [(Path({str(brought)!r}) / name).touch() for name in {ensure_postgres.NEEDED!r}]\n"
    )
    apt.chmod(0o755)
    done = run(empty, CI="true")
    assert done.returncode == 0 and "installed just now" in done.stdout, done.stderr
    calls = (empty / "calls").read_text().splitlines()
    assert calls == ["update", "install -y --no-install-recommends postgresql"]


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_the_servers_of_tests_are_private_and_die_with_them(
    postgres: Cluster, wait_until: Callable[..., object]
) -> None:
    listening = [one for one in psutil.Process(postgres.pid).net_connections("inet") if one.status == "LISTEN"]
    assert postgres.answers() and listening == []
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom ensure_postgres import find_programs\n"
        "from postgres_server import Cluster\n"
        "cluster = Cluster(find_programs(), Path(sys.argv[1]))\ncluster.init()\ncluster.start()\n"
        "print(cluster.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    folder = postgres.folder / "orphan"  # in a folder that the server's user may enter
    folder.mkdir()
    paths = f"{ROOT / 'tests' / 'support'}:{ROOT / 'scripts'}"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    wait_until(lambda: ended(int(done.stdout)), timeout=10, what="the server's end")
