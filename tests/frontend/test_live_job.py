"""A job that ends while somebody looks at it, and clicks."""

from __future__ import annotations

import pytest
from fake_api import FakeService
from streamlit.testing.v1 import AppTest


def _view_once(job_id: str) -> None:
    import streamlit as st

    from frontend.components import job_view

    # With ``live`` this is the last run of the live view: the job has ended since it was drawn.
    job_view._view(job_id, live=st.session_state.get("live", False))


def test_a_click_that_arrives_with_the_end_of_a_job_is_answered(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.evaluated["ck-new"] = "ev-ssenet-new"
    job = service.add_job("running", kind="train_cam")
    service.finish_training(job)
    opened: list[str] = []

    def switch_page(target: str) -> None:
        import streamlit as st

        opened.append(target)
        st.stop()

    monkeypatch.setattr("streamlit.switch_page", switch_page)
    app = AppTest.from_function(_view_once, args=(job,)).run()
    app.session_state["live"] = True
    app.button(key="open_compare").click().run(timeout=10)
    assert opened == ["views/alpha_lab.py"]
