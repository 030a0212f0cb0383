"""The paper's tables for the data set at hand, from real runs, with the paper's VOC figures beside them. Free of torch.

Runs are only put into one table when they differ in what its rows vary: everything else
(data, split, images, backbone, recipe, views) must be equal. Title and notes say the main of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, stdev
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ssenet.config import CamTrainSettings
from ssenet.facts import Fact, Measure, comparable

PAPER = "paper, VOC 2012"
PAPER_RATES: dict[str, tuple[float, float]] = {
    "Baseline": (47.3, 58.8),
    "SSENet 0.6": (48.5, 61.5),
    "SSENet 0.5": (48.9, 61.7),
    "SSENet 0.4": (49.4, 61.8),
    "SSENet 0.3": (49.8, 62.1),
    "SSENet 0.2": (49.4, 61.7),
}
"""Table 1: mIoU on VOC train of CAM and of CAM + random walk, in percent."""
PAPER_RANGES: dict[str, float] = {
    "Baseline [448, 768]": 47.3,
    "Baseline [224, 768]": 46.6,
    "SSENet 0.5 [448, 768]": 48.9,
}
"""Table 2: mIoU on VOC train of the CAM, by the range of the random long side."""
PAPER_METHODS: dict[str, tuple[float, float]] = {
    "AffinityNet": (61.7, 63.7),
    "SeeNet": (63.1, 62.8),
    "FickleNet": (64.9, 65.3),
    "SSENet": (63.3, 64.9),
}
"""Table 3: mIoU on VOC val and test of the final segmentation."""


class Cell(BaseModel):
    """One figure of a table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float | None = Field(description="mIoU in percent; None when there is none.")
    spread: float | None = Field(default=None, description="Standard deviation over runs, when there are several.")
    runs: int = 0
    source: Literal["own", "paper"]


class Row(BaseModel):
    """One row of a table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    cells: tuple[Cell, ...]


class Table(BaseModel):
    """One table: columns, rows, and what holds for all of its own figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Literal[1, 2, 3]
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def build(facts: Iterable[Fact], dataset: str) -> list[Table]:
    """Tables 1 to 3 of a data set; at least one of each, without own figures when nothing was run.

    Args:
        facts: measured figures; those of other data sets are left out.
        dataset: name of the data set.
    """
    here = [fact for fact in facts if fact.protocol.dataset == dataset]
    return [*_rate_tables(here), *_range_tables(here), *_method_tables(here)]


def _label(train: CamTrainSettings) -> str:
    """The paper's name of a row; the rate is one of A = scale only, so other transformations get names of their own."""
    if train.method == "baseline":
        return "Baseline"
    return f"SSENet {train.rate:g}" if train.equivariance == "scale" else f"SSENet, A = {train.equivariance}"


def _title(facts: Sequence[Fact]) -> str:
    """What all rows share: data and training, and how the regularised ones were regularised."""
    p, t = facts[0].protocol, facts[0].train
    network = f"{t.backbone} trained on {t.dataset}/{t.split}, {t.crop} px crops, {t.epochs} epochs"
    title = f"{p.dataset}/{p.split}, {p.images} images · {network}"
    regularised = next((fact.train for fact in facts if fact.train.method == "ssenet"), None)
    return title if regularised is None else f"{title} · SER: {_regularisation(regularised)}"


def _regularisation(train: CamTrainSettings) -> str:
    angle = f" up to {train.angle:g}°" if train.equivariance == "rotate" else ""
    return f"{train.ser_form} form, η {train.eta:g}, A = {train.equivariance}{angle}, batch norm {train.batch_norm}"


def _own(facts: Iterable[Fact], measure: Measure) -> Cell:
    values = [fact.miou for fact in facts if fact.measure == measure]
    if not values:
        return Cell(value=None, source="own")
    spread = stdev(values) if len(values) > 1 else None
    return Cell(value=mean(values), spread=spread, runs=len(values), source="own")


def _paper(value: float | None) -> Cell:
    return Cell(value=value, source="paper")


def _by_label(facts: Iterable[Fact], names: Mapping[str, Any]) -> dict[str, list[Fact]]:
    """Facts by row label: the paper's rows first, in its order, then others."""
    rows: dict[str, list[Fact]] = {name: [] for name in names}
    for fact in sorted(facts, key=lambda f: (f.train.method, -f.train.rate)):
        rows.setdefault(_label(fact.train), []).append(fact)
    return rows


def _notes(facts: Sequence[Fact]) -> tuple[str, ...]:
    """What holds for own figures, told apart where it differs."""
    weights = {f.protocol.weights_sha256[:12] for f in facts}
    return (*sorted({_note(f) for f in facts}), *([f"weights {', '.join(sorted(weights))}"] if weights else []))


def _note(fact: Fact) -> str:
    p = fact.protocol
    flip, crf = "with flip" if p.flip else "without flip", f"CRF {p.crf or 'off'}"
    scales = ", ".join(f"{scale:g}" for scale in p.multi_scale or p.scales)
    if fact.measure == "cam":
        return f"CAM: sum over scales {scales} {flip}, image labels {p.label_source}, α {p.alpha_rule}, {crf}"
    if fact.measure == "segmentation":
        return f"Segmentation network: scales {scales} {flip}, {crf}"
    walk = next(step.settings for step in fact.later if step.kind == "random_walk")
    steps = f"2^{walk.get('log_steps')} steps, β = {walk.get('beta')}"
    return f"CAM + random walk: {steps}, {p.alpha_rule}, {crf}"


def _rate_tables(facts: Sequence[Fact]) -> list[Table]:
    """Table 1: the rate ablation."""
    groups = comparable([f for f in facts if f.measure != "segmentation"], 1) or [[]]
    columns = ("CAM", "CAM + random walk", f"CAM ({PAPER})", f"CAM + random walk ({PAPER})")
    return [
        Table(
            number=1,
            title="Downsampling rate" + (f" · {_title(group)}" if group else ""),
            columns=columns,
            rows=tuple(
                Row(label=label, cells=(_own(own, "cam"), _own(own, "walk"), *_pair(PAPER_RATES, label)))
                for label, own in _by_label(group, PAPER_RATES).items()
            ),
            notes=_notes(group),
        )
        for group in groups
    ]


def _pair(values: Mapping[str, tuple[float, float]], label: str) -> tuple[Cell, Cell]:
    first, second = values.get(label, (None, None))
    return _paper(first), _paper(second)


def _range_tables(facts: Sequence[Fact]) -> list[Table]:
    """Table 2: the range of scales in training."""
    groups = comparable([f for f in facts if f.measure == "cam"], 2) or [[]]
    return [_range_table(group) for group in groups]


def _range_table(group: Sequence[Fact]) -> Table:
    rows: dict[str, list[Fact]] = {name: [] for name in PAPER_RANGES}
    for fact in group:
        label = f"{_label(fact.train)} [{fact.train.scale_min}, {fact.train.scale_max}]"
        rows.setdefault(label, []).append(fact)
    return Table(
        number=2,
        title="Range of the long side in training" + (f" · {_title(group)}" if group else ""),
        columns=("CAM", f"CAM ({PAPER})"),
        rows=tuple(
            Row(label=label, cells=(_own(own, "cam"), _paper(PAPER_RANGES.get(label)))) for label, own in rows.items()
        ),
        notes=_notes(group),
    )


def _method_tables(facts: Sequence[Fact]) -> list[Table]:
    """Table 3: the final segmentation; own rows, then the paper's."""
    groups = comparable([f for f in facts if f.measure == "segmentation"], 3) or [[]]
    return [_method_table(group) for group in groups]


def _method_table(group: Sequence[Fact]) -> Table:
    own = [
        Row(label=label, cells=(_own(facts, "segmentation"), _paper(None), _paper(None)))
        for label, facts in _by_label(group, {}).items()
    ]
    theirs = [
        Row(label=label, cells=(_paper(None), _paper(val), _paper(test)))
        for label, (val, test) in PAPER_METHODS.items()
    ]
    split = group[0].protocol.split if group else "val"
    return Table(
        number=3,
        title="Segmentation network" + (f" · {_title(group)}" if group else ""),
        columns=(split, f"val ({PAPER})", f"test ({PAPER})"),
        rows=(*own, *theirs),
        notes=_notes(group),
    )
