"""The README's figures are those of the checkpoints that are shipped, and its pictures exist."""

import re
from pathlib import Path

from demo_results import with_table

ROOT = Path(__file__).parent.parent.parent


def test_the_results_table_is_current() -> None:
    text = (ROOT / "README.md").read_text()
    assert with_table(text) == text, "run: python scripts/demo_results.py --write"


def test_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
