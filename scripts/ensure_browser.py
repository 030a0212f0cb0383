"""Make sure that a Chromium is there for the browser tests, installing Debian's where that is allowed.

Exits 0 when a browser is there, or when it is not and the browser tests will be skipped with the
reason; under ``CI=true`` a missing browser is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Flags of a headless Chromium that asks nobody outside for anything."""
PACKAGES = ("chromium", "fonts-dejavu-core")


def find_browser() -> str | None:
    """Path of an installed Chromium; ``SSENET_CHROMIUM`` names one explicitly."""
    named = os.environ.get("SSENET_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def in_ci() -> bool:
    """Whether a skipped browser test must count as a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def obstacle() -> str | None:
    """Why Debian's Chromium cannot be installed here, or None."""
    if shutil.which("apt-get") is None:
        return "this system has no apt-get"
    if os.geteuid() != 0:
        return "installing packages needs root"
    return None


def install() -> str | None:
    """Install Debian's Chromium; returns what went wrong, or None."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"'{' '.join(command)}' failed: {(done.stderr or done.stdout).strip()[-300:]}"
    return None


def main() -> int:
    """Find or install a browser and say what became of it."""
    if path := find_browser():
        print(f"browser tests use {path}")
        return 0
    reason = obstacle() or install()
    if reason is None and (path := find_browser()):
        print(f"browser tests use {path}, installed just now")
        return 0
    print(
        f"No Chromium: {reason or 'the package brought no browser'}. Install one (apt-get install chromium) or name "
        f"it in SSENET_CHROMIUM. {'Failing, because CI is set.' if in_ci() else 'The browser tests will be skipped.'}",
        file=sys.stderr,
    )
    return 1 if in_ci() else 0


if __name__ == "__main__":
    sys.exit(main())
