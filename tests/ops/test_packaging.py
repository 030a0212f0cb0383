"""What a wheel holds: every file that the packages read, besides the demo's photographs."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
APART = "data/demo/"
"""Comes with the source checkout only."""


def test_every_file_that_is_no_code_is_named_in_the_package_data() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("backend", "frontend", "ssenet", "worker"):
        folder = ROOT / package
        packed = {path for pattern in named.get(package, ()) for path in folder.glob(pattern)}
        there = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        missing = {path for path in there - packed if not path.relative_to(folder).as_posix().startswith(APART)}
        assert not missing, sorted(str(path) for path in missing)
