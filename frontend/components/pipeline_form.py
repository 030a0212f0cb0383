"""The form of a pipeline: a preset, where it starts, and the settings of every stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import words
from frontend.components.chooser import labelled
from frontend.components.preset_cards import Card
from frontend.components.settings_form import FieldSpec, field_specs, nested_problems, settings_form
from frontend.components.stage_form import as_possible, fitted, without_crf
from frontend.components.stages import ORDER, title
from frontend.session import client, pipeline_estimate
from ssenet.config import (
    AffinityOptions,
    CamSettings,
    CamTrainSettings,
    Closed,
    CrfOptions,
    Method,
    PipelineSettings,
    PresetName,
    PseudoLabelOptions,
    SegmentationOptions,
    SegmentationTestOptions,
    WalkOptions,
    pipeline_preset,
)

PRESETS: dict[PresetName, tuple[str, str]] = {
    "quick": ("Quick", "Shows every step, not the best figures."),
    "demo": ("Demo", "Better figures on the demo data."),
    "paper": ("Paper", "Wants a GPU and PASCAL VOC 2012."),
}
PARTS: dict[str, tuple[str, type[Closed]]] = {
    "train": ("CAM network", CamTrainSettings),
    "cams": ("CAMs", CamSettings),
    "crf": ("Dense CRF", CrfOptions),
    "affinity": ("AffinityNet", AffinityOptions),
    "walk": ("Random walk", WalkOptions),
    "labels": ("Pseudo-labels", PseudoLabelOptions),
    "segmentation": ("Segmentation network", SegmentationOptions),
    "test": ("Segmentation test", SegmentationTestOptions),
}
"""Parts of the settings: heading, model."""
DATA = "data"
OVERRULED = {"dataset", "split", "val_split", "train_images", "val_images", "method"}
"""Settings of the CAM training that the pipeline sets."""
IN_FRONT = {"dataset", "checkpoint"}
START = ("Trained already", "Train one")
DEFAULT_CHECKPOINT = "demo-ssenet"
METHODS: dict[str, Method] = {"SSENet": "ssenet", "Baseline": "baseline"}


@dataclass(frozen=True)
class Front:
    """What stands in front of the advanced settings."""

    preset: PresetName
    dataset: s.Dataset | None
    checkpoint: s.Checkpoint | None
    method: Method
    name: str

    def settings(self) -> dict[str, Any]:
        """The preset's settings for this start and this data set."""
        chosen = self.checkpoint.id if self.checkpoint else None
        values = pipeline_preset(self.preset, self.method, checkpoint=chosen).model_dump(mode="json")
        values |= {"dataset": self.dataset.id if self.dataset else "demo", **self._splits()}
        return {name: as_possible(part) if isinstance(part, dict) else part for name, part in values.items()}

    def _splits(self) -> dict[str, str]:
        names = list(self.dataset.splits) if self.dataset else []
        wanted = {"split": "train", "val_split": "val"}
        return {field: name if name in names else names[0] for field, name in wanted.items() if names}


# Cards -----------------------------------------------------------------------------------------------
def cards() -> dict[PresetName, Card]:
    """The presets as cards."""
    return {key: Card(name, f"{facts(key)} {text}", _time(key)) for key, (name, text) in PRESETS.items()}


def facts(key: PresetName) -> str:
    """A preset in one sentence."""
    p = pipeline_preset(key, checkpoint=DEFAULT_CHECKPOINT)
    images = f"{p.images} images" if p.images else "All images"
    return f"{images}, AffinityNet {p.affinity.epochs} epochs, DeepLab {p.segmentation.epochs} epochs."


def _time(key: PresetName) -> str:
    start = None if key == "paper" else DEFAULT_CHECKPOINT
    try:
        guess = pipeline_estimate(pipeline_preset(key, checkpoint=start).model_dump_json())
    except Problem:
        return "No estimate"
    return f"About {words.duration(guess.seconds)} on this machine, demo data"


# In front --------------------------------------------------------------------------------------------
def choose_front(preset: PresetName) -> Front:
    """Data set, where the CAM network comes from, and a name."""
    first, second, third, fourth = st.columns(4, vertical_alignment="top")
    datasets = {dataset.id: dataset for dataset in client().datasets()}
    chosen = first.selectbox(
        "Data set", list(datasets), key="pipeline_dataset", bind="query-params", persist_state="session",
        help="The operator adds others with: ssenet-lab data add NAME PATH",
    )  # fmt: skip
    dataset = datasets.get(chosen or "")
    fitting = [c for c in client().checkpoints("cam") if dataset and c.classes == dataset.classes]
    start = START[0] if fitting and preset != "paper" else START[1]
    source = second.segmented_control(
        "CAM network", START if fitting else START[1:], default=start, required=True, width="stretch",
        key=f"{preset}.start", bind="query-params", persist_state="session",
    )  # fmt: skip
    checkpoint, method = None, METHODS["SSENet"]
    if source == START[0] and fitting:
        by_label = labelled(fitting)
        names = [label for label, c in by_label.items() if c.id == DEFAULT_CHECKPOINT]
        names += [label for label in by_label if label not in names]
        label = third.selectbox("Start from", names, key="start_from", bind="query-params", persist_state="session")
        checkpoint = by_label[str(label)]
    else:
        word = third.segmented_control(
            "Method", list(METHODS), default="SSENet", required=True, width="stretch", key="pipeline_method",
            bind="query-params", persist_state="session",
        )  # fmt: skip
        method = METHODS[word or "SSENet"]
    name = fourth.text_input("Name", key="pipeline_name", max_chars=80, placeholder="optional", persist_state="session")
    start_name = checkpoint.name if checkpoint else method
    return Front(preset, dataset, checkpoint, method, name.strip() or f"{preset} from {start_name}")


# Settings --------------------------------------------------------------------------------------------
def advanced(front: Front, refused: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """All settings, those of each stage under its own tab; what they hold together."""
    base = front.settings()
    kept = st.session_state.get(f"{front.preset}.pipeline", {})
    problems = problems_of(_joined(base, kept))
    without_crf(["crf"])
    with st.expander("Advanced: all settings of all stages", expanded=bool(refused)):
        names = [DATA, *(part for part in PARTS if base[part] is not None)]
        entered = {}
        for name, tab in zip(names, st.tabs([PARTS[n][0] if n in PARTS else "Data" for n in names]), strict=True):
            wrong = {**problems.get(name, {}), **refused.get(name, {})}
            with tab:
                values = base if name == DATA else base[name]
                entered[name] = settings_form(part_specs(name, front), values, f"{front.preset}.{name}", wrong)
    if kept != entered:
        # The form draws its problems above the values it returns: draw once more when they changed.
        st.session_state[f"{front.preset}.pipeline"] = entered
        if problems_of(_joined(base, entered)) != problems:
            st.rerun()
    return _joined(base, entered)


def _joined(base: Mapping[str, Any], entered: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    values = {**base, **entered.get(DATA, {})}
    for part in PARTS:
        if base[part] is not None:
            values[part] = {**base[part], **entered.get(part, {})}
    return values


def part_specs(part: str, front: Front) -> list[FieldSpec]:
    """The fields of one tab."""
    if part != DATA:
        specs = fitted(field_specs(PARTS[part][1].model_json_schema()))
        return [spec for spec in specs if part != "train" or spec.name not in OVERRULED]
    specs = [x for x in field_specs(PipelineSettings.model_json_schema()) if x.name not in IN_FRONT]
    splits = tuple(front.dataset.splits) if front.dataset else ()
    found = []
    for spec in specs:
        if spec.name == "last":
            after = tuple(kind for kind in ORDER if kind not in ("train_cam", "evaluate"))
            spec = replace(spec, label="Last stage", options=after, names={kind: title(kind) for kind in after})
        elif spec.name in ("split", "val_split") and splits:
            spec = replace(spec, kind="choice", options=splits)
        found.append(spec)
    return found


def problems_of(values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What is wrong with the settings, by tab and field; ``""`` is what concerns several."""
    found = nested_problems(PipelineSettings, values, PARTS)
    general = found.pop("", {})
    if "" in general:
        found[""] = {"": general.pop("")}
    return found | ({DATA: general} if general else {})
