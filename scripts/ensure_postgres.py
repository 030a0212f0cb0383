"""Make sure that PostgreSQL's server programs are there for the long tests, installing Debian's where that is meant.

Exits 0 when they are there, or when they are not and the tests on PostgreSQL will be skipped with the reason; under
``CI=true`` Debian's package is installed, and a failure to do so is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ensure_browser import in_ci, obstacle

NEEDED = ("initdb", "postgres")
PACKAGES = ("postgresql",)


def debian_folders() -> list[Path]:
    """Where Debian keeps the server programs, off everyone's PATH; the newest first."""
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda path: [int(part) for part in path.parent.name.split(".") if part.isdigit()])[::-1]


def find_programs() -> Path | None:
    """The folder of PostgreSQL's server programs; ``SSENET_POSTGRES_BIN`` names one explicitly."""
    named = os.environ.get("SSENET_POSTGRES_BIN")
    on_path = shutil.which(NEEDED[0])
    folders = [Path(named)] if named else [*([Path(on_path).resolve().parent] if on_path else []), *debian_folders()]
    return next((folder for folder in folders if all((folder / name).exists() for name in NEEDED)), None)


def install() -> str | None:
    """Install Debian's PostgreSQL; returns what went wrong, or None."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"'{' '.join(command)}' failed: {(done.stderr or done.stdout).strip()[-300:]}"
    return None


def main() -> int:
    """Find or install the programs and say what became of it."""
    if found := find_programs():
        print(f"tests on PostgreSQL use {found}")
        return 0
    reason = "it is not installed" if not in_ci() else obstacle() or install()
    if in_ci() and reason is None and (found := find_programs()):
        print(f"tests on PostgreSQL use {found}, installed just now")
        return 0
    print(
        f"No PostgreSQL: {reason or 'the package brought no server'}. Install it (apt-get install postgresql) or name "
        "the folder of its programs in SSENET_POSTGRES_BIN. "
        f"{'Failing, because CI is set.' if in_ci() else 'The tests on PostgreSQL will be skipped.'}",
        file=sys.stderr,
    )
    return 1 if in_ci() else 0


if __name__ == "__main__":
    sys.exit(main())
