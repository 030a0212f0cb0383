"""The export button: named after the view, built on the click only."""

from __future__ import annotations

import shlex

import pytest
from fake_api import card
from streamlit.testing.v1 import AppTest

from frontend.components.export import fetch_lines, file_name
from frontend.schemas import Checkpoint


def page() -> None:
    """A page with an export of what the address says."""
    import streamlit as st

    from frontend.components.export import bundle_button, view_address
    from ssenet.bundle import Bundle

    address = view_address()
    st.session_state.setdefault("built", [])
    built = st.session_state["built"]

    def build() -> Bundle:
        built.append(address)
        return Bundle("here", {"a.csv": b"x\n"}, (), address)

    st.session_state["build"] = build
    bundle_button(build, key="export", stem="In spect")


def test_nothing_is_built_until_it_is_asked_for() -> None:
    app = AppTest.from_function(page)
    app.query_params["image"] = "a b"
    app.query_params["scales"] = ["1", "0.5"]
    app.run()
    assert not app.exception
    button = app.get("download_button")[0].proto
    assert button.label == "Export" and "manifest" in button.help
    assert app.session_state["built"] == [] and button.deferred_file_id
    assert app.run().session_state["built"] == [], "nor on another run"
    address = app.session_state["build"]().address
    assert address.endswith("?image=a%20b&scales=1&scales=0.5") and app.session_state["built"] == [address]


def test_networks_that_were_trained_are_fetched_before_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSENET_API_URL", "http://lab:8000/")
    own = Checkpoint(id="demo-ssenet", name="a", builtin=True, card=card("a", "ssenet"))
    trained = Checkpoint(id="01J", name="b", card=card("b", "ssenet"))
    lines = [shlex.split(line) for line in fetch_lines([own, trained])]
    assert [(line[0], line[-2], line[-1]) for line in lines] == [
        ("curl", "01J/card.json", "http://lab:8000/api/v1/checkpoints/01J/card"),
        ("curl", "01J/weights.safetensors", "http://lab:8000/api/v1/checkpoints/01J/weights"),
    ]


def test_the_name_is_the_views() -> None:
    name = file_name("α lab/x", "http://h/?image=a")
    assert name == file_name("α lab/x", "http://h/?image=a") and name.endswith(".zip") and "/" not in name
    assert name != file_name("α lab/x", "http://h/?image=b")
    assert file_name("…", "").startswith("view-")
