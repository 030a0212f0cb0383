"""Choosing checkpoints, the same way on every page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend.schemas import Checkpoint
from ssenet.config import PAPER_ALPHA

DEFAULT_IDS = ("demo-baseline", "demo-ssenet")


def labelled(checkpoints: Sequence[Checkpoint]) -> dict[str, Checkpoint]:
    """Checkpoints by a label that is theirs alone: the name, with a part of the id where names repeat."""
    names = [checkpoint.name for checkpoint in checkpoints]
    return {
        checkpoint.name if names.count(checkpoint.name) == 1 else f"{checkpoint.name} ({checkpoint.id[:8]})": checkpoint
        for checkpoint in checkpoints
    }


def _rank(checkpoint: Checkpoint) -> int:
    """The demo networks first, baseline before SSENet as in Fig. 2; the others keep their order."""
    return DEFAULT_IDS.index(checkpoint.id) if checkpoint.id in DEFAULT_IDS else len(DEFAULT_IDS)


def choose_checkpoints(checkpoints: Sequence[Checkpoint], key: str) -> list[Checkpoint]:
    """A multi-select whose state is in the address; the two demo networks, or the first two, by default."""
    return list(choose_labelled(checkpoints, key).values())


def choose_labelled(checkpoints: Sequence[Checkpoint], key: str) -> dict[str, Checkpoint]:
    """``choose_checkpoints``, by the labels that are theirs alone among all ``checkpoints``."""
    by_label = labelled(sorted(checkpoints, key=_rank))
    defaults = [label for label, checkpoint in by_label.items() if checkpoint.id in DEFAULT_IDS] or list(by_label)[:2]
    # Streamlit drops a name in the address that is no option, without a word.
    gone = [name for name in st.query_params.get_all(key) if name not in by_label]
    if gone:
        st.warning(
            f"{', '.join(gone)}: not among the checkpoints here, perhaps deleted. The link's others are shown, or else "
            "the usual ones.",
            icon=":material/help:",
        )
    chosen = st.multiselect(
        "Checkpoints",
        list(by_label),
        default=defaults,
        key=key,
        placeholder="Choose checkpoints",
        bind="query-params",
        persist_state="session",
    )
    return {label: by_label[label] for label in chosen}


def choose_alpha(place: DeltaGenerator, help: str | None = None) -> float:
    """The α slider; one key, so that Inspect and Compare stand on the same α."""
    alpha = place.slider(
        "Background threshold α",
        0.0,
        1.0,
        PAPER_ALPHA,
        0.005,
        format="%.3f",
        key="alpha",
        help=help,
        bind="query-params",
        persist_state="session",
    )
    return float(alpha)
