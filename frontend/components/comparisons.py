"""Comparisons out of the service, kept: evaluations never change, and resampling has a seed."""

from __future__ import annotations

import streamlit as st

from frontend.client import api_url
from frontend.session import client
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison
from ssenet.analysis.pair import Choice

SPINNER = "Drawing the common images 2000 times, and measuring both networks on every draw…"


@st.cache_data(max_entries=100, show_spinner=SPINNER)
def _comparison(base_url: str, a: str, b: str, choice: str) -> Comparison:
    del base_url  # part of the key only
    return client().comparison(a, b, Choice.model_validate_json(choice))


def comparison(a: str, b: str, choice: SizeChoice) -> Comparison:
    """Two evaluations against each other."""
    return _comparison(api_url(), a, b, choice.plain.model_dump_json())


@st.cache_data(max_entries=100, show_spinner="Measuring every object of the common images…")
def _sizes(base_url: str, a: str, b: str, choice: str) -> SizeComparison:
    del base_url
    return client().size_comparison(a, b, SizeChoice.model_validate_json(choice))


def size_comparison(a: str, b: str, choice: SizeChoice) -> SizeComparison:
    """Two evaluations by object size."""
    return _sizes(api_url(), a, b, choice.model_dump_json())
