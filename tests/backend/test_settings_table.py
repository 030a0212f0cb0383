"""The page for operators lists the settings that there are."""

from __future__ import annotations

import settings_table

from backend.settings import Settings


def test_the_table_is_up_to_date() -> None:
    text = settings_table.TARGET.read_text(encoding="utf-8")
    assert settings_table.page(text) == text, "python scripts/settings_table.py writes it"


def test_every_setting_says_what_it_is() -> None:
    lacking = [name for name, field in Settings.model_fields.items() if not field.description]
    assert lacking == []
