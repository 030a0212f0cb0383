"""Pages under Streamlit's own test runner, against a stand-in of the service at its HTTP edge."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parent))

from fake_api import FakeServer, FakeService

APP = Path(__file__).parents[2] / "frontend" / "app.py"
Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def main_module_kept() -> Iterator[None]:
    """Streamlit makes a page the main module and leaves it so; processes that later tests spawn would run it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def fake() -> FakeService:
    """The state of the stand-in."""
    return FakeService()


@pytest.fixture
def service(fake: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """The stand-in, running, and the pages pointed at it."""
    st.cache_data.clear()
    with FakeServer(fake) as url:
        monkeypatch.setenv("SSENET_API_URL", url)
        yield fake


@pytest.fixture
def open_page() -> Open:
    """Open a page with an address, as a link would."""

    def opened(page: str, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=30)
        for key, value in address.items():
            app.query_params[key] = value
        app.switch_page(f"views/{page}.py")
        return app.run()

    return opened
