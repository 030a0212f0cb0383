"""Known vulnerabilities of what the locks install: ``python scripts/audit.py``, or ``make audit``.

Exit status 0: none, nothing skipped. 1: some, or a waiver that has expired or covers nothing. 2: it could not be
found out, such as when the vulnerability service cannot be reached; that is never taken for a pass.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-crf.lock")
WAIVERS = ROOT / "scripts" / "audit-waivers.toml"
KNOWN = "jinja2==2.4.1"
"""Has vulnerabilities that are known for years: a service that does not say so knows nothing."""


class Unknown(Exception):  # noqa: N818
    """It could not be found out."""


@dataclass(frozen=True)
class Finding:
    """A known vulnerability of a package."""

    package: str
    version: str
    ids: frozenset[str]
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no fixed version yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.ids))} ({fixed})"


@dataclass(frozen=True)
class Waiver:
    """A vulnerability that does not touch this product, why, and until when that is believed."""

    id: str
    reason: str
    expires: datetime.date


def findings(output: str) -> list[Finding]:
    """Vulnerabilities in what ``pip-audit --format json`` printed.

    Raises:
        Unknown: not such an output, or a package was skipped.
    """
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unknown(f"pip-audit did not print its findings: {error}") from error
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in dependencies if "skip_reason" in one]
    if skipped or not dependencies:
        raise Unknown(f"Packages were not looked at: {'; '.join(skipped) or 'all'}")
    return [
        Finding(one["name"], one["version"], frozenset({v["id"], *v["aliases"]}), tuple(v["fix_versions"]))
        for one in dependencies
        for v in one["vulns"]
    ]


def waivers(text: str) -> list[Waiver]:
    """Waivers of a file. Raises Unknown when one lacks its id, its reason or its date."""
    made = []
    for one in tomllib.loads(text).get("waiver", []):
        expires = one.get("expires")
        if not one.get("id") or not str(one.get("reason", "")).strip() or type(expires) is not datetime.date:
            raise Unknown(f"A waiver has an id, a reason and a date on which it expires; this one does not: {one}")
        made.append(Waiver(one["id"], one["reason"], expires))
    return made


def judge(found: Sequence[Finding], known: Sequence[Waiver], today: datetime.date) -> list[str]:
    """What is wrong, in words; nothing when every finding has a living waiver and every waiver a finding."""
    living = {waiver.id for waiver in known if waiver.expires >= today}
    problems = [str(one) for one in found if not one.ids & living]
    problems += [f"The waiver of {w.id} expired on {w.expires}." for w in known if w.expires < today]
    ids = frozenset().union(*(one.ids for one in found))
    return problems + [f"The waiver of {w.id} covers nothing any more: remove it." for w in known if w.id not in ids]


def audit(*arguments: str) -> str:
    """What pip-audit prints. Raises Unknown when it could not look everything up."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise Unknown(f"The vulnerability service gave no answer, so nothing is known: {done.stderr.strip()[-500:]}")
    return done.stdout


def check_service() -> None:
    """Raise Unknown unless the service knows an old vulnerability."""
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder) / "known.txt"
        requirement.write_text(KNOWN + "\n")
        found = findings(audit("--no-deps", "--disable-pip", "--requirement", str(requirement)))
    if not found:
        raise Unknown(f"The vulnerability service does not know those of {KNOWN}: it is no use to ask it.")


def main() -> int:
    """Audit every lock and say what is wrong."""
    try:
        check_service()
        known = waivers(WAIVERS.read_text())
        locks = [("--requirement", lock) for lock in LOCKS]
        found = [one for lock in locks for one in findings(audit("--require-hashes", "--disable-pip", *lock))]
    except Unknown as error:
        print(f"make audit: FAILED, not looked at. {error}", file=sys.stderr)
        return 2
    problems = judge(found, known, datetime.datetime.now(datetime.UTC).date())
    print("\n".join(problems) or f"No known vulnerabilities in {' and '.join(LOCKS)}; nothing skipped.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
