"""Write the table of settings in docs/operations.md from ``backend.settings.Settings``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from backend.settings import MEBI, Settings

TARGET = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
_BETWEEN = re.compile(r"(<!-- settings -->\n).*(<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """A row for each setting."""
    rows = [row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(["| variable | default | what it is |", "|---|---|---|", *rows]) + "\n"


def row(name: str, field: Any) -> str:
    """One setting; what the machine decides is said in words."""
    default = "depends on the machine" if field.default_factory else shown(name, field.default)
    return f"| `SSENET_{name.upper()}` | {default} | {field.description} |"


def shown(name: str, value: object) -> str:
    """A default as people write it."""
    if value in ("", None):
        return ""
    if isinstance(value, int) and (name.endswith("bytes") or "_bytes_" in name) and value >= MEBI:
        return f"{value / MEBI:g} MiB"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000 else f"{value}"


def page(text: str) -> str:
    """``text`` with the table as it is now."""
    return _BETWEEN.sub(lambda found: f"{found[1]}\n{table()}\n{found[2]}", text)


if __name__ == "__main__":
    TARGET.write_text(page(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
