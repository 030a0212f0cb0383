"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.settings import Settings


def test_everything_follows_from_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/ssenet.db" and settings.is_sqlite
    assert settings.artifacts == tmp_path / "artifacts"
    assert settings.broker.startswith("redis+socket:///")


def test_the_environment_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSENET_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SSENET_DATABASE_URL", "postgresql+psycopg://db/ssenet")
    monkeypatch.setenv("SSENET_REDIS_URL", "redis://:secret@redis/0")
    monkeypatch.setenv("SSENET_HOSTS", "api, lab.example ")
    settings = Settings()
    assert settings.data_dir == tmp_path and not settings.is_sqlite
    assert settings.broker == "redis://:secret@redis/0"
    assert settings.allowed_hosts == ["127.0.0.1", "localhost", "[::1]", "api", "lab.example"]


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSENET_REDIS_URL", "")
    monkeypatch.setenv("SSENET_API_PORT", "")
    assert Settings().api_port == 8000 and Settings().broker.startswith("redis+socket:")


def test_a_socket_path_stays_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    deep = Path("/data") / ("x" * 150)
    first, second = Settings(data_dir=deep / "a"), Settings(data_dir=deep / "b")
    assert len(str(first.socket)) < 104 and first.socket != second.socket
    assert first.socket == Settings(data_dir=deep / "a").socket


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(api_port=0)
    with pytest.raises(ValidationError):
        Settings(lease_ttl=0)
