"""Every promise has a test, and the page of promises names the tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import reliability
from promises import PROMISES

TESTS = Path(__file__).parent
MARK = re.compile(r"mark\.promise\(([^)]*)\)")


def marked() -> set[str]:
    """Promises that some test carries."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for names in MARK.findall(path.read_text(encoding="utf-8")):
            found.update(re.findall(r"\"([^\"]+)\"", names))
    return found


def test_every_promise_has_a_test_and_no_test_shows_another() -> None:
    # L4 is twenty minutes long: scripts/soak.py leaves its line, and a short variant is a test.
    assert marked() == set(PROMISES)


def test_the_page_names_every_promise_and_only_tests_that_exist() -> None:
    text = reliability.TARGET.read_text(encoding="utf-8")
    for name, sentence in PROMISES.items():
        assert f"| {name} | {sentence} |" in text, f"{name} is not on the page: scripts/reliability.py writes it"
    for file, test in re.findall(r"`([\w/]+\.py)::(\w+)", text):
        assert f"def {test}" in (TESTS / file).read_text(encoding="utf-8"), f"{file}::{test} is gone"
    assert "none in this run" not in text and "**failed**" not in text


def line(test: str, value: float, outcome: str = "passed") -> reliability.Line:
    """As ``promise_report`` writes it."""
    measured = [{"what": "time", "value": value, "unit": "s", "limit": 10.0}]
    return {"test": test, "promises": ["R1"], "outcome": outcome, "measured": measured}


def test_the_last_run_of_a_test_counts() -> None:
    lines = reliability.latest([line("tests/a.py::test_x[1]", 9.0), line("tests/a.py::test_x[1]", 1.25)])
    text = reliability.page(lines, "here")
    assert "`a.py::test_x`" in text and "time: 1.25 s (limit 10 s)" in text and "9 s" not in text


def test_what_failed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text('{"test": "tests/a.py::test_x", "promises": ["R1"], "outcome": "failed", "measured": []}\n')
    monkeypatch.setattr(reliability, "TARGET", tmp_path / "page.md")
    with pytest.raises(SystemExit, match="test_x"):
        reliability.main([str(file)])
    assert "`a.py::test_x` **failed**" in (tmp_path / "page.md").read_text()
