"""Writes the description of the API: ``python -m backend.openapi [FILE]``."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from backend.app import create_app
from backend.settings import Settings

DEFAULT = Path("docs") / "openapi.json"


def document() -> bytes:
    """OpenAPI 3.1 in JSON; the same whatever the environment says."""
    schema = create_app(Settings()).openapi()
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT).write_bytes(document())
