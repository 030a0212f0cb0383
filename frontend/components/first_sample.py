"""The photograph of a fresh visit, where a page has more to show of one with a mask, and where it is from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components.photographs import MEMORY, show_photograph
from frontend.components.truth import Place, first_looks
from frontend.session import client

FIRST = 2
"""Which of the samples to begin with: one object, its maps too large and too small by scale."""


def begin_with_a_sample(datasets: Sequence[s.Dataset]) -> None:
    """Open a sample with a mask, unless the address or the session name a photograph."""
    if st.query_params.get("image") or st.session_state.get(MEMORY):
        return
    places = [place for dataset in datasets for place in first_looks(dataset)]
    if places:
        place = places[min(FIRST, len(places) - 1)]
        try:
            show_photograph(client().open_sample(place.dataset, place.split, place.index).id)
        except Problem as problem:
            if problem.status != 403:  # who may only look begins with a photograph of the gallery
                raise


def source_of(photograph: s.Image) -> str:
    """Where a photograph is from, for its protocol."""
    place = Place.parse(photograph.origin or "") if photograph.source == "dataset" else None
    return f"{place.dataset}/{place.split}, image {place.index}" if place else photograph.source
