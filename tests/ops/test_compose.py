"""The compose file: what it starts exists, what it sets is read, and nothing is open to strangers."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from backend.lab import cli
from backend.queue import make_celery
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "ssenet-lab"}
SERVERS = {name: service for name, service in SERVICES.items() if name != "migrate"}


@pytest.mark.promise("P2")
def test_every_service_says_how_it_is_checked_and_what_it_waits_for(measured: Callable[..., None]) -> None:
    conditions = {"service_healthy", "service_completed_successfully", "service_started"}
    for name, service in SERVICES.items():
        assert service.get("command") or service.get("image"), name
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES and how["condition"] in conditions, name
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other], (name, other)
    measured("services of the compose file, all servers with a health check", len(SERVICES))


@pytest.mark.promise("P2")
def test_all_services_are_there() -> None:
    assert set(SERVICES) == {
        "redis", "postgres", "migrate", "api", "ui",
        "worker-train", "worker-infer", "worker-train-gpu", "worker-infer-gpu", "flower",
    }  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_commands_are_real_and_accept_their_options(name: str) -> None:
    # Options are parsed before help is shown: an unknown command or option is an error here.
    result = CliRunner().invoke(cli, [*OURS[name]["command"], "--help"])
    assert result.exit_code == 0, result.output
    assert "COMMAND" not in result.output, "a command, not a group of them"


def test_the_check_of_commands_can_fail() -> None:
    for wrong in (["apis"], ["api", "--hots", "x"], ["db", "upgrades"]):
        assert CliRunner().invoke(cli, [*wrong, "--help"]).exit_code != 0


@pytest.mark.parametrize("name", OURS)
def test_every_variable_that_is_set_is_read(name: str) -> None:
    pages = (ROOT / "frontend").rglob("*.py")
    by_pages = set(re.findall(r"SSENET_[A-Z_]+", "".join(path.read_text() for path in pages)))
    known = {f"SSENET_{field.upper()}" for field in Settings.model_fields} | by_pages
    assert set(OURS[name]["environment"]) <= known


@pytest.mark.promise("P2")
@pytest.mark.parametrize("name", SERVERS)
def test_every_server_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("worker")])
def test_the_workers_health_check_names_a_real_application(name: str) -> None:
    words = shlex.split(SERVICES[name]["healthcheck"]["test"][1])
    module = importlib.import_module(words[words.index("--app") + 1])
    queue = SERVICES[name]["command"][1]
    assert module.app.main == "ssenet" and module.worker.queue == queue
    assert words[words.index("--destination") + 1] == f"{queue}@$$HOSTNAME"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_run_without_privileges_and_write_to_volumes_only(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True and service["init"] is True and service["cap_drop"] == ["ALL"]
    assert service["tmpfs"] == ["/tmp"]
    assert "USER ssenet" in (ROOT / "Dockerfile").read_text()


def test_ports_are_published_on_loopback_only_and_those_of_the_stores_not_at_all() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"api", "ui", "flower"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_passwords_come_from_outside_and_are_demanded() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    from_outside = {"REDIS_PASSWORD", "POSTGRES_PASSWORD", "FLOWER_PASSWORD", "SSENET_HOSTS"}
    assert set(re.findall(r"\$\{(\w+)", text)) == from_outside
    could_be_empty = set(re.findall(r"\$\{\w+\}|\$\{\w+:-[^}]*\}", text))
    assert could_be_empty == {"${FLOWER_PASSWORD:-}", "${SSENET_HOSTS:-}"}, "Flower checks its own when it starts"
    example = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line[:40])
    assert example["REDIS_PASSWORD"] == example["POSTGRES_PASSWORD"] == "", "no default password"
    assert example["FLOWER_PASSWORD"] == ""


def test_flower_is_optional_and_starts_with_a_password_only(tmp_path: Path) -> None:
    flower = SERVICES["flower"]
    assert flower["profiles"] == ["flower"] and "flower" not in COMPOSE.get("x-service", {})
    assert flower["read_only"] is True and flower["cap_drop"] == ["ALL"]
    [script] = [text.replace("$$", "$").replace("/tmp/", f"{tmp_path}/") for text in flower["command"]]
    stand_in = tmp_path / "celery"
    stand_in.write_text('#!/bin/sh\necho "$FLOWER_BASIC_AUTH $@"\n')
    stand_in.chmod(0o755)

    def start(password: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "FLOWER_PASSWORD": password}
        command = [*flower["entrypoint"], script]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)

    refused, started = start(""), start("s3cret")
    assert refused.returncode == 1 and "FLOWER_PASSWORD" in refused.stderr and refused.stdout == ""
    assert started.stdout.split() == ["ssenet:s3cret", "flower", "--address=0.0.0.0", "--port=5555"]
    prefix = make_celery("redis://x").conf.broker_transport_options["global_keyprefix"]
    assert f"'global_keyprefix': '{prefix}'" in (tmp_path / "celeryconfig.py").read_text(), "that of our workers"


def test_our_containers_write_logs_for_collectors() -> None:
    assert all(
        service["environment"].get("SSENET_LOG_FORMAT") == "json" for name, service in OURS.items() if name != "ui"
    )


def test_beyond_its_host_people_log_in_and_how_is_said() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert "docker compose run --rm migrate token create" in text and "trusted" not in text
    for name in ("api", "ui"):  # they listen beyond their containers, so both refuse to start without a log-in
        assert SERVICES[name]["command"] == [name, "--host", "0.0.0.0"]
        assert "SSENET_LOGIN" not in SERVICES[name].get("environment", {})
    assert "/api/v1/healthz" in SERVICES["api"]["healthcheck"]["test"][-1], "the only address that needs no token"
    assert CliRunner().invoke(cli, ["token", "create", "--help"]).exit_code == 0


def test_redis_demands_its_password_and_keeps_messages() -> None:
    command = SERVICES["redis"]["command"][-1]
    assert "--requirepass" in command and "--appendonly yes" in command and "--maxmemory-policy noeviction" in command
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_the_database_is_migrated_before_anything_uses_it() -> None:
    for name in ("api", "worker-train", "worker-infer", "worker-train-gpu", "worker-infer-gpu"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert SERVICES["migrate"]["restart"] == "no"


def test_one_profile_has_cards_and_the_other_runs_anywhere() -> None:
    for queue in ("train", "infer"):
        cpu, gpu = SERVICES[f"worker-{queue}"], SERVICES[f"worker-{queue}-gpu"]
        assert cpu["profiles"] == ["cpu"] and gpu["profiles"] == ["gpu"] and "deploy" not in cpu
        [device] = gpu["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
        assert cpu["command"] == gpu["command"] == ["worker", queue]
        assert cpu["stop_grace_period"] == gpu["stop_grace_period"] == "120s"
    assert "COMPOSE_PROFILES=cpu" in (ROOT / ".env.example").read_text()


def test_volumes_are_declared_and_the_image_is_built_from_the_lock() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert "--require-hashes requirements.lock" in (ROOT / "Dockerfile").read_text()


def test_image_and_makefile_use_one_version_of_the_installer() -> None:
    [version] = re.findall(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={version}" in (ROOT / "Dockerfile").read_text()
