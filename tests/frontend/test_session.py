"""What the pages keep of answers."""

from __future__ import annotations

import pytest
import streamlit as st

from frontend import session
from frontend.client import Client

MEBI = 2**20


@pytest.mark.usefixtures("service")
def test_maps_are_kept_by_their_size_not_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def large(_self: Client, _checkpoint: str, image: str, _scale: float, _flip: bool) -> bytes:
        asked.append(image)
        return bytes(40 * MEBI)

    monkeypatch.setattr(Client, "cam", large)
    for image in "abcdefgh":  # 320 MB in all
        session._cam("thousand-classes", image, 1.0, False)
    session._cam("thousand-classes", "h", 1.0, False)
    assert asked == list("abcdefgh")
    session._cam("thousand-classes", "a", 1.0, False)
    assert asked == [*"abcdefgh", "a"]  # the oldest made room
    st.cache_data.clear()
