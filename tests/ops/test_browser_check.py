"""Browser tests without a browser: skipped with the reason, and a failure where CI is set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = "import pytest\n\n@pytest.mark.browser\ndef test_probe(chromium):\n    assert chromium\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's test configuration with one browser test."""
    for name in ("pyproject.toml", "tests/conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("tests/support", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "tests" / "test_probe.py").write_text(PROBE)
    (tmp_path / "bin").mkdir()
    return tmp_path


def run(project: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a PATH on which there is nothing, so neither a browser nor apt-get."""
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "SSENET_CHROMIUM")}
    environment = {**kept, "PATH": str(project / "bin"), **variables}
    return subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_without_a_browser_they_are_skipped_and_the_reason_is_shown(project: Path) -> None:
    done = run(project, "-m", "pytest", "-q")
    assert done.returncode == 0 and "1 skipped" in done.stdout and "no Chromium" in done.stdout
    said = run(project, "scripts/ensure_browser.py")
    assert said.returncode == 0
    assert "no apt-get" in said.stderr and "will be skipped" in said.stderr


def test_where_ci_is_set_that_is_a_failure(project: Path) -> None:
    done = run(project, "-m", "pytest", "-q", CI="true")
    assert done.returncode == 1 and "no Chromium" in done.stdout
    said = run(project, "scripts/ensure_browser.py", CI="true")
    assert said.returncode == 1 and "Failing, because CI is set" in said.stderr


def test_a_browser_on_the_path_or_named_is_used(project: Path) -> None:
    (project / "bin" / "chromium").write_text("#!/bin/sh\n")
    (project / "bin" / "chromium").chmod(0o755)
    assert "1 passed" in run(project, "-m", "pytest", "-q", CI="true").stdout
    assert str(project / "bin" / "chromium") in run(project, "scripts/ensure_browser.py").stdout
    named = run(project, "scripts/ensure_browser.py", SSENET_CHROMIUM="/opt/chrome/chrome")
    assert "/opt/chrome/chrome" in named.stdout


def test_it_is_installed_where_that_is_allowed(project: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("installing packages needs root, and the script asks for it")
    apt = project / "bin" / "apt-get"
    # A package manager that notes how it is called and brings the browser.
    apt.write_text(
        f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
        "here = Path(sys.argv[0]).parent\n"
        "(here / 'calls').open('a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        "if sys.argv[1] == 'install':\n"
        "    (here / 'chromium').write_text('#!/bin/sh')\n    (here / 'chromium').chmod(0o755)\n"
    )
    apt.chmod(0o755)
    done = run(project, "scripts/ensure_browser.py", CI="true")
    assert done.returncode == 0 and "installed just now" in done.stdout, done.stderr
    calls = (project / "bin" / "calls").read_text().splitlines()
    assert calls == ["update", "install -y --no-install-recommends chromium fonts-dejavu-core"]


def test_a_failing_installation_is_explained(project: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("installing packages needs root, and the script asks for it")
    apt = project / "bin" / "apt-get"
    apt.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no route to the mirror')\n")
    apt.chmod(0o755)
    done = run(project, "scripts/ensure_browser.py")
    assert done.returncode == 0 and "'apt-get update' failed: no route to the mirror" in done.stderr
