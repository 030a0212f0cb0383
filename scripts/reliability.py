"""Write docs/reliability.md from what the tests measured.

    SSENET_PROMISES=run.jsonl make test test-full
    python scripts/reliability.py run.jsonl …

Later lines win over earlier ones of the same test. ``--soak`` adds the summary of ``scripts/soak.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from promises import PROMISES  # noqa: E402

Line = dict[str, Any]
TARGET = ROOT / "docs" / "reliability.md"
HEAD = """# What is promised, and what was measured

This page is written by `scripts/reliability.py` from a run of the tests; nobody types its figures. Every promise has
tests that really kill, pause, flood or attack a running product (real Celery, a real Valkey, real processes); a test
fails when its promise does not hold. Where a figure has a limit, the test fails above it.

R: nothing is lost. L: load. S: nobody gets in. P: it starts.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the files, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path, help="lines that runs of the tests left, oldest first")
    given = parser.parse_args(arguments)
    lines = latest(line for path in given.files for line in read(path))
    TARGET.write_text(page(lines, surroundings()), encoding="utf-8")
    failed = [line["test"] for line in lines if line["outcome"] != "passed"]
    if failed:
        sys.exit("not shown, since these tests did not pass:\n" + "\n".join(failed))


def read(path: Path) -> list[Line]:
    """The lines of one file."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines() if text.strip()]


def latest(lines: Iterable[Line]) -> list[Line]:
    """The last line of each test, in the order of the tests' names."""
    return sorted({line["test"]: line for line in lines}.values(), key=lambda line: str(line["test"]))


def page(lines: Sequence[Line], where: str) -> str:
    """The whole page."""
    rows = [row(name, text, [line for line in lines if name in line["promises"]]) for name, text in PROMISES.items()]
    head = f"{HEAD}\nLast run: {where}.\n\n| | promise | test | last measured |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def row(name: str, text: str, lines: Sequence[Line]) -> str:
    """One promise."""
    if not lines:
        return f"| {name} | {text} | none in this run | |"
    tests = "<br>".join(dict.fromkeys(f"`{short(line['test'])}`{outcome(line)}" for line in lines))
    return f"| {name} | {text} | {tests} | {'<br>'.join(figures(lines))} |"


def figures(lines: Sequence[Line]) -> list[str]:
    """What was measured, variants of one test together."""
    variants: dict[str, list[Line]] = {}
    for line in lines:
        variants.setdefault(short(line["test"]), []).extend(line["measured"])
    return [figure(one) for measured in variants.values() for one in summary(measured)]


def short(test: str) -> str:
    """A test's address without its parameters, which would fill the table."""
    return test.partition("[")[0].removeprefix("tests/").replace("|", "\\|")


def outcome(line: Line) -> str:
    """What is said behind a test that did not pass."""
    return "" if line["outcome"] == "passed" else f" **{line['outcome']}**"


def summary(measured: Sequence[Line]) -> list[Line]:
    """One figure for each thing measured: of several, the largest."""
    largest: dict[str, Line] = {}
    for one in measured:
        known = largest.get(one["what"])
        if known is None or one["value"] > known["value"]:
            largest[one["what"]] = one
    return list(largest.values())


def figure(one: Line) -> str:
    """Such as ``time until … : 4.2 s (limit 10 s)``."""
    unit = f" {one['unit']}" if one["unit"] else ""
    limit = "" if one["limit"] is None else f" (limit {one['limit']:g}{unit})"
    return f"{one['what']}: {one['value']:.4g}{unit}{limit}"


def surroundings() -> str:
    """Date, commit and machine."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"{today}, commit {commit.strip()}, {machine}"


if __name__ == "__main__":
    main()
