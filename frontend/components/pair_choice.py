"""Two networks, one row, one class, and a rule for α: the state of the comparison's page, all of it in the address."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from frontend.components.chooser import DEFAULT_IDS, choose_alpha, labelled
from frontend.schemas import Checkpoint
from ssenet.analysis.object_sizes import SizeChoice
from ssenet.analysis.pair import AlphaChoice
from ssenet.results import MULTI_SCALE

ALL = "all classes"
FIXED, BEST = "one fixed α", "each its own best α"
SIDES = ("a", "b")


@dataclass(frozen=True)
class Pair:
    """The two networks by what the page calls them; A is compared against."""

    a: str
    b: str
    checkpoints: tuple[Checkpoint, Checkpoint]


def adopt_link(checkpoints: Sequence[Checkpoint]) -> None:
    """Take over what other pages' links say: both networks in ``checkpoints``, and one or more ``rows``.

    Within a session Streamlit drops a parameter that is bound to a widget of the page one comes from; what was chosen
    there stands in the session then.
    """
    linked = {name: st.query_params.get_all(name) for name in ("checkpoints", "rows")}
    own = set(SIDES) & {*st.query_params, *st.session_state}
    named = linked["checkpoints"] or (_chosen_before(checkpoints) if linked["rows"] or not own else [])
    values = dict(zip(SIDES, named, strict=False)) if len(named) > 1 else {}
    values |= dict(zip(("row",), linked["rows"], strict=False))
    for name in linked:
        st.query_params.pop(name, None)
    for name, value in values.items():
        st.session_state[name] = value
        # A value set before its widget is there would not reach the address; one set after it does by itself.
        with suppress(StreamlitAPIException):
            st.query_params[name] = value


def _chosen_before(checkpoints: Sequence[Checkpoint]) -> list[str]:
    """The networks that other pages show, a baseline first, then SSENet."""
    by_label = labelled(checkpoints)
    chosen = [label for label in st.session_state.get("checkpoints") or [] if label in by_label]
    rank = {"baseline": 0, "ssenet": 1}
    return sorted(chosen, key=lambda label: rank.get(by_label[label].card.method, 2))


def choose_pair(checkpoints: Sequence[Checkpoint], places: Sequence[DeltaGenerator]) -> Pair | None:
    """A and B; the demo pair, or the first two, by default. None when there are not two networks."""
    by_label = labelled(checkpoints)
    if len(by_label) < 2:
        return None
    labels = list(by_label)
    ids = [checkpoint.id for checkpoint in by_label.values()]
    demo = [ids.index(name) for name in DEFAULT_IDS if name in ids]
    defaults = demo if len(demo) == len(SIDES) else [*demo, *(i for i in range(len(ids)) if i not in demo)]
    titles = ("A: the baseline", "B: compared with it")
    chosen = [
        _select(place, title, labels, side, default)
        for place, title, side, default in zip(places, titles, SIDES, defaults, strict=False)
    ]
    return Pair(chosen[0], chosen[1], (by_label[chosen[0]], by_label[chosen[1]]))


def swap(a: str, b: str) -> None:
    """Exchange the two networks."""
    st.session_state["a"], st.session_state["b"] = b, a


def choose_row(place: DeltaGenerator, rows: Sequence[str]) -> str:
    """A single scale, or MS, which is the default."""
    default = rows.index(MULTI_SCALE) if MULTI_SCALE in rows else 0
    help = "A single scale of the input image, or MS: the maps of all test scales together."
    return _select(place, "Scale", rows, "row", default, help)


def choose_class(place: DeltaGenerator, classes: Sequence[str]) -> str | None:
    """A class, or None for all."""
    name = _select(place, "Class", [ALL, *classes], "class", 0)
    return None if name == ALL else name


def choose_rule(place: DeltaGenerator, slider: DeltaGenerator) -> AlphaChoice:
    """One α for both, or each network's own best one in every row."""
    rule = place.segmented_control(
        "Rule for α",
        [FIXED, BEST],
        default=FIXED,
        required=True,
        key="alpha_rule",
        bind="query-params",
        persist_state="session",
    )
    if rule == BEST:
        slider.caption("α is chosen for each network and scale by the highest mIoU on the scored images themselves.")
        return "best"
    return choose_alpha(slider)


def choose_sizes(place: DeltaGenerator) -> tuple[float, float] | None:
    """Where small and medium objects end: by thirds (None), or two areas as fractions of the photograph."""
    left, right = place.columns([1, 2])
    how = left.segmented_control(
        "Sizes", ["thirds", "fixed"], default="thirds", required=True, key="sizes",
        help="Thirds put equally many objects into each size. Fixed areas are the same on every data set.",
        bind="query-params", persist_state="session",
    )  # fmt: skip
    if how == "thirds":
        return None
    low, high = right.slider(
        "Small and medium go up to (% of the photograph)", 0.5, 80.0, (5.0, 20.0), 0.5, key="size_limits",
        bind="query-params", persist_state="session",
    )  # fmt: skip
    return (low / 100, high / 100) if low < high else (low / 100, (low + 0.5) / 100)


def _select(
    place: DeltaGenerator, title: str, options: Sequence[str], key: str, default: int, help: str | None = None
) -> str:
    """A selectbox whose state is in the address; what another page or an old link says and is not there is dropped."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
    return str(
        place.selectbox(title, options, index=default, key=key, help=help, bind="query-params", persist_state="session")
    )


def size_choice(row: str, alpha: AlphaChoice, limits: tuple[float, float] | None) -> SizeChoice:
    """What is asked of the service."""
    return SizeChoice(row=row, alpha_a=alpha, alpha_b=alpha, limits=limits)
