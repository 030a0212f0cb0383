"""What is ranked: one or two networks on a split; and the job that measures it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import words
from frontend.components.chooser import DEFAULT_IDS, labelled
from frontend.components.permit import permit
from frontend.schemas.triage import Ranking
from frontend.session import client, estimate
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES, PAPER_ALPHA, TriageSettings
from ssenet.results import ProtocolCard

NONE = "none"
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
LABELS = {"predicted": "predicted", "given": "given (ground truth)"}


@dataclass(frozen=True)
class Subject:
    """What is looked at: networks by label and the split."""

    labels: tuple[str, ...]
    checkpoints: tuple[s.Checkpoint, ...]
    dataset: s.Dataset
    split: str

    @property
    def images(self) -> int:
        """Photographs of the split."""
        return self.dataset.splits[self.split]

    def is_of(self, ranking: Ranking) -> bool:
        """Whether a ranking measured this."""
        ids = [checkpoint.id for checkpoint in self.checkpoints]
        made = [ranking.checkpoint_id, *([ranking.other_id] if ranking.other_id else [])]
        return made == ids and ranking.dataset == self.dataset.id and ranking.record.protocol.split == self.split


def adopt_link() -> None:
    """Take over the networks that another page's link names, the first as A."""
    linked = st.query_params.get_all("checkpoints")
    st.query_params.pop("checkpoints", None)
    if linked:
        _put({"a": linked[0], "b": linked[1] if len(linked) > 1 else NONE})


def _put(values: dict[str, str]) -> None:
    """Choose in widgets that are not there yet, in the address too."""
    for name, value in values.items():
        st.session_state[name] = value
        with suppress(StreamlitAPIException):  # bound already: then the address follows by itself
            st.query_params[name] = value


def choose_subject(asked: Ranking | None) -> Subject | None:
    """Networks A and B, data set and split; None, with words, when there is nothing to choose.

    Args:
        asked: the ranking that the address names: what it measured is chosen first.
    """
    by_label = labelled(client().checkpoints("cam"))
    datasets = {dataset.id: dataset for dataset in client().datasets() if dataset.splits}
    if not by_label or not datasets:
        st.info("There is no network or no data set yet. Train a network on the Train page; its maps are ranked here.")
        return None
    if asked is not None:
        _show(asked, by_label)
    a, b, c, d = st.columns([3, 3, 2, 1.4])
    ids = {checkpoint.id: label for label, checkpoint in by_label.items()}
    first = ids.get(DEFAULT_IDS[0], next(iter(by_label)))
    second = ids.get(DEFAULT_IDS[1], NONE)
    chosen_a = _select(a, "Network A", list(by_label), "a", first)
    others = [NONE, *(label for label in by_label if _comparable(by_label[chosen_a], by_label[label]))]
    chosen_b = _select(b, "Network B", others, "b", second, help="Where do two networks disagree? It takes a second.")
    dataset = datasets[_select(c, "Data set", list(datasets), "dataset", "demo")]
    splits = list(dataset.splits)
    split = _select(d, "Split", splits, "split", "val" if "val" in splits else splits[0])
    labels = (chosen_a,) if chosen_b == NONE else (chosen_a, chosen_b)
    return Subject(labels, tuple(by_label[label] for label in labels), dataset, split)


def _comparable(a: s.Checkpoint, b: s.Checkpoint) -> bool:
    return a.id != b.id and a.classes == b.classes


def _show(asked: Ranking, by_label: dict[str, s.Checkpoint]) -> None:
    """Choose what a ranking measured, once: afterwards people choose."""
    if st.session_state.get("triage_shown") == asked.id:
        return
    shown_already(asked.id)
    names = {checkpoint.id: label for label, checkpoint in by_label.items()}
    values = {"b": names.get(asked.other_id or "", NONE), "dataset": asked.dataset}
    values |= {"split": asked.record.protocol.split}
    _put(values | ({"a": names[asked.checkpoint_id]} if asked.checkpoint_id in names else {}))


def shown_already(ranking_id: str) -> None:
    """The widgets stand on what this ranking measured; from now on people choose."""
    st.session_state["triage_shown"] = ranking_id


def _select(
    place: DeltaGenerator, title: str, options: Sequence[str], key: str, default: str, help: str | None = None
) -> str:
    """A selectbox whose state is in the address; what an old link or another page says and is not there is dropped."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
    index = options.index(default) if default in options else 0  # the same in every run: another one is another widget
    return str(place.selectbox(title, options, index=index, key=key, help=help, **BOUND))


# Measuring -----------------------------------------------------------------------------------------
def measure_form(subject: Subject, again: bool) -> None:
    """How the photographs would be measured, how long that takes, and the button."""
    button = st.container(horizontal=True, vertical_alignment="center")
    with st.container(border=True):
        settings = _settings(subject)
    if settings is None:
        return
    with button:
        count = settings.images or subject.images
        clicked = st.button(
            f"Measure {count} photographs{' again' if again else ''}",
            key="measure",
            type="secondary" if again else "primary",
            icon=":material/straighten:",
            **permit("run"),
        )
        try:
            seconds = estimate("triage", settings.model_dump_json()).seconds
        except Problem as problem:
            st.error(" ".join([str(problem), *(e.message for e in problem.errors)]))
            return
        st.caption(f"About {words.duration(seconds)} on this machine. It goes on when this page is closed.")
    if clicked:
        _submit(settings, subject)


def _settings(subject: Subject) -> TriageSettings | None:
    """What the controls say; None, with words, when they contradict each other.

    Their keys are their own: what is bound to a widget here cannot be given to Inspect with a ranking's own values.
    """
    left, middle, right = st.columns([2.4, 1.9, 2])
    scales = left.pills(
        "Scales that are compared",
        list(CURVE_SCALES),
        selection_mode="multi",
        default=list(INFERENCE_SCALES),
        format_func=lambda scale: f"{scale:g}",
        wrap=True,
        key="triage_scales",
        **BOUND,
    )
    labels = middle.segmented_control(
        "Classes that are measured", list(LABELS), default="predicted", required=True, key="triage_labels",
        format_func=LABELS.__getitem__,
        help="Given labels are ground truth: a ranking that uses them says so.", **BOUND,
    )  # fmt: skip
    flip = middle.toggle("Flip", key="triage_flip", help="Also average with the mirrored image.", **BOUND)
    images = right.slider(
        "Photographs, from the first on", 1, max(2, subject.images), subject.images, key="triage_images", **BOUND
    )
    alpha = right.slider(
        "Background threshold α", 0.0, 0.99, PAPER_ALPHA, 0.005, format="%.3f", key="triage_alpha",
        help="Threshold of areas and of IoU. The paper uses 0.2.", **BOUND,
    )  # fmt: skip
    raw = {
        "checkpoint": subject.checkpoints[0].id,
        "other": subject.checkpoints[1].id if len(subject.checkpoints) > 1 else None,
        "dataset": subject.dataset.id, "split": subject.split, "scales": sorted(scales), "flip": flip,
        "labels": labels, "alpha": alpha, "images": None if images >= subject.images else images,
    }  # fmt: skip
    try:
        return TriageSettings.model_validate(raw)
    except ValidationError as error:
        st.warning(error.errors()[0]["msg"].removeprefix("Value error, ").capitalize() + ".")
        return None


def _submit(settings: TriageSettings, subject: Subject) -> None:
    name = f"triage {subject.dataset.id}/{subject.split}: {' and '.join(subject.labels)}"[:120]
    try:
        job = client().submit("triage", settings.model_dump(mode="json"), name, uuid.uuid4().hex)
    except Problem as problem:
        st.error(f"The job was not started. {problem} {' '.join(e.message for e in problem.errors)}")
        return
    st.query_params["job"] = job.id
    st.rerun()


def described(protocol: ProtocolCard, images: int) -> str:
    """A ranking among others of the same subject."""
    scales = ", ".join(f"{scale:g}" for scale in protocol.scales)
    return (
        f"{images} photographs · scales {scales}{', mirrored' if protocol.flip else ''} · classes "
        f"{protocol.label_source} · α {protocol.alpha_rule.removeprefix('fixed ')}"
    )
