"""What holds for the files of all pages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

VIEWS = sorted((Path(__file__).parents[2] / "frontend" / "views").glob("*.py"))


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_no_text_stands_alone_where_streamlit_would_write_it_on_the_page(view: Path) -> None:
    alone = [node for node in ast.parse(view.read_text()).body[1:] if isinstance(node, ast.Expr)]
    assert all(isinstance(node.value, ast.Call) for node in alone), [node.lineno for node in alone]
