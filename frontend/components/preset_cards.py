"""Three cards to choose a preset from; the choice is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from ssenet.config import PresetName


@dataclass(frozen=True)
class Card:
    """What a card says: a heading, what the preset does, and how long it takes."""

    title: str
    text: str
    time: str


def choose_preset(cards: Mapping[PresetName, Card], state: str) -> PresetName:
    """Draw the cards and return the chosen one.

    Args:
        cards: by preset, from left to right; the first is chosen when nothing else is.
        state: name under which the choice outlives a change of page; ``<state>_refused`` is emptied by a new choice.
    """
    asked = st.query_params.get("preset") or st.session_state.get(state)
    current = next((name for name in cards if name == asked), next(iter(cards)))
    st.session_state[state] = current
    for column, (name, card) in zip(st.columns(len(cards)), cards.items(), strict=True):
        chosen = name == current
        key = f"card_chosen_{name}" if chosen else f"card_{name}"
        with column.container(border=True, height="stretch", vertical_alignment="distribute", key=key):
            with st.container():
                st.header(card.title, anchor=False)
                st.write(card.text)
                st.caption(card.time)
            st.button(
                f"{card.title} chosen" if chosen else f"Choose {card.title.lower()}",
                key=f"preset_{name}",
                icon=":material/check:" if chosen else None,
                width="stretch",
                on_click=_take,
                args=(name, state),
            )
    return current


def _take(name: str, state: str) -> None:
    st.session_state[state] = name
    st.session_state[f"{state}_refused"] = {}
    st.query_params["preset"] = name
