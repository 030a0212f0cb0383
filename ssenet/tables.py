"""The paper's tables for the data set at hand, from real runs, with the paper's VOC figures beside them. Free of torch.

Runs are only put into one table when they differ in what its rows vary: everything else
(data, split, images, backbone, recipe, views) must be equal, and is in the table's title.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ssenet.config import INPUTS, PAPER_ALPHA, CamTrainSettings
from ssenet.lineage import Step
from ssenet.results import MULTI_SCALE, EvaluationRecord, ProtocolCard
from ssenet.scores import SegmentationRecord

Measure = Literal["cam", "walk", "segmentation"]
PAPER = "paper, VOC 2012"
_VARIED: dict[int, frozenset[str]] = {
    1: frozenset({"method", "rate", "seed"}),
    2: frozenset({"method", "rate", "seed", "scale_min", "scale_max"}),
    3: frozenset({"method", "rate", "seed"}),
}
"""CAM training settings that the rows of each table vary; seeds are averaged."""
_TWO_BRANCHES = frozenset({"eta", "ser_form", "equivariance", "angle"})
"""CAM training settings that mean nothing for a baseline."""
_IRRELEVANT = frozenset({"workers", "save_every_steps", "val_split", "val_images", "dataset"})

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


@dataclass(frozen=True)
class Fact:
    """One measured figure, and the CAM training behind it.

    Attributes:
        measure: of CAMs, of CAMs after the random walk, or of the segmentation network.
        miou: in percent.
        train: settings of the CAM network.
        protocol: how it was measured.
        later: the steps after the CAM training, which must be equal for figures to be compared.
    """

    measure: Measure
    miou: float
    train: CamTrainSettings
    protocol: ProtocolCard
    later: tuple[Step, ...] = ()


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


def cam_fact(record: EvaluationRecord, row: str, miou: float | None, steps: Sequence[Step] = ()) -> Fact | None:
    """The fact of one row of an evaluation; None when the network was not trained by a known training.

    Args:
        record: of the evaluation.
        row: which of its rows, such as ``MS``; others are no facts of Table 1.
        miou: at α = 0.2, in percent.
        steps: lineage of the network, when the record has none.
    """
    train = _training(record.lineage or steps)
    if train is None or miou is None or row != MULTI_SCALE:
        return None
    rule = {"alpha_rule": f"fixed {PAPER_ALPHA:g}"}
    return Fact("cam", miou, train, record.protocol.model_copy(update=rule))


def score_fact(record: SegmentationRecord) -> Fact | None:
    """The fact of scored label maps; None when no known CAM training, or no random walk, is behind them."""
    train = _training(record.lineage)
    walked = any(step.kind == "random_walk" for step in record.lineage)
    if train is None or not walked:
        return None
    measure: Measure = "walk" if record.subject == "pseudo-labels" else "segmentation"
    return Fact(measure, record.miou, train, record.protocol, record.lineage)


def _training(steps: Iterable[Step]) -> CamTrainSettings | None:
    for step in steps:
        if step.kind == "train_cam":
            return CamTrainSettings.model_validate(step.settings)
    return None


def build(facts: Iterable[Fact], dataset: str) -> list[Table]:
    """Tables 1 to 3 of a data set; at least one of each, without own figures when nothing was run.

    Args:
        facts: measured figures; those of other data sets are left out.
        dataset: name of the data set.
    """
    here = [fact for fact in facts if fact.protocol.dataset == dataset]
    return [*_rate_tables(here), *_range_tables(here), *_method_tables(here)]


def _groups(facts: Iterable[Fact], number: int) -> list[list[Fact]]:
    """Facts that may stand in one table, most first.

    CAMs stand beside each way of refining them that was run.
    """
    bases: dict[str, dict[str, Fact]] = defaultdict(dict)
    for fact in facts:
        # The same network scored twice in the same way is one run, not two.
        once = json.dumps([fact.measure, fact.protocol.weights_sha256, _refinement(fact)])
        bases[_base(fact, number)][once] = fact
    groups = [
        group
        for base in bases.values()
        for compared in _by_regularisation(list(base.values()))
        for group in _by_refinement(compared)
    ]
    return sorted(groups, key=len, reverse=True)


def _by_regularisation(facts: Sequence[Fact]) -> list[list[Fact]]:
    """Baselines stand beside each way of regularising that was run."""
    plain = [fact for fact in facts if fact.train.method == "baseline"]
    regularised: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.train.method == "ssenet":
            settings = fact.train.model_dump(mode="json", include={*_TWO_BRANCHES, "batch_norm"})
            regularised[json.dumps(settings, sort_keys=True)].append(fact)
    return [plain + group for group in regularised.values()] or [plain]


def _by_refinement(facts: Sequence[Fact]) -> list[list[Fact]]:
    plain = [fact for fact in facts if fact.measure == "cam"]
    refined: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.measure != "cam":
            refined[_refinement(fact)].append(fact)
    return [plain + group for group in refined.values()] or [plain]


def _base(fact: Fact, number: int) -> str:
    """What must be equal for all rows of a table: training but for what it varies, data, images, views."""
    excluded = _VARIED[number] | _IRRELEVANT | _TWO_BRANCHES | {"batch_norm"}
    # Whose images move the statistics is a question for two branches only; whether they move is one for all.
    frozen = fact.train.batch_norm == "frozen"
    train = fact.train.model_dump(mode="json", exclude=set(excluded))
    p = fact.protocol
    return json.dumps([train, frozen, p.dataset_fingerprint, p.split, p.images, _views(fact)], sort_keys=True)


def _views(fact: Fact) -> list[Any]:
    """Scales, flip, order of ReLU and label source of the CAMs."""
    if fact.measure == "cam":
        p = fact.protocol
        return [sorted(p.multi_scale), p.flip, p.relu_order, p.label_source]
    cams = next((s.settings for s in fact.later if s.kind == "infer_cam"), {})
    scales = cams.get("scales")
    return [
        sorted(scales) if isinstance(scales, list) else [],
        *(cams.get(k) for k in ("flip", "relu_order", "labels")),
    ]


def _refinement(fact: Fact) -> str:
    """Settings of the steps after the CAMs, ids left out."""
    steps = [s for s in fact.later if s.kind not in ("train_cam", "infer_cam")]
    settings = [
        {k: v for k, v in s.settings.items() if k not in INPUTS[s.kind] and k not in _IRRELEVANT | {"processes"}}
        for s in steps
    ]
    return json.dumps([[s.kind for s in steps], settings], sort_keys=True)


def _label(train: CamTrainSettings) -> str:
    return "Baseline" if train.method == "baseline" else f"SSENet {train.rate:g}"


def _title(fact: Fact) -> str:
    p, t = fact.protocol, fact.train
    return f"{p.dataset}/{p.split}, {p.images} images · {t.backbone}, {t.crop} px crops, {t.epochs} epochs"


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
    rules = {
        "cam": "CAM: all scales, label source {p.label_source}, α {p.alpha_rule}, scales {scales}, flip {p.flip}",
        "walk": "CAM + random walk: {p.alpha_rule}, label source {p.label_source}, CRF {crf}",
        "segmentation": "Segmentation network: scales {scales}, flip {p.flip}, CRF {crf}",
    }
    notes = {
        rules[f.measure].format(p=f.protocol, scales=f.protocol.multi_scale or f.protocol.scales, crf=f.protocol.crf)
        for f in facts
    }
    weights = {f.protocol.weights_sha256[:12] for f in facts}
    return (*sorted(notes), *([f"weights {', '.join(sorted(weights))}"] if weights else []))


def _rate_tables(facts: Sequence[Fact]) -> list[Table]:
    """Table 1: the rate ablation."""
    groups = _groups([f for f in facts if f.measure != "segmentation"], 1) or [[]]
    columns = ("CAM", "CAM + random walk", f"CAM ({PAPER})", f"CAM + random walk ({PAPER})")
    return [
        Table(
            number=1,
            title="Downsampling rate" + (f" · {_title(group[0])}" if group else ""),
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
    groups = _groups([f for f in facts if f.measure == "cam"], 2) or [[]]
    return [_range_table(group) for group in groups]


def _range_table(group: Sequence[Fact]) -> Table:
    rows: dict[str, list[Fact]] = {name: [] for name in PAPER_RANGES}
    for fact in group:
        label = f"{_label(fact.train)} [{fact.train.scale_min}, {fact.train.scale_max}]"
        rows.setdefault(label, []).append(fact)
    return Table(
        number=2,
        title="Range of the long side in training" + (f" · {_title(group[0])}" if group else ""),
        columns=("CAM", f"CAM ({PAPER})"),
        rows=tuple(
            Row(label=label, cells=(_own(own, "cam"), _paper(PAPER_RANGES.get(label)))) for label, own in rows.items()
        ),
        notes=_notes(group),
    )


def _method_tables(facts: Sequence[Fact]) -> list[Table]:
    """Table 3: the final segmentation; own rows, then the paper's."""
    groups = _groups([f for f in facts if f.measure == "segmentation"], 3) or [[]]
    return [_method_table(group) for group in groups]


def _method_table(group: Sequence[Fact]) -> Table:
    own = [
        Row(label=label, cells=(_own(facts, "segmentation"), _paper(None), _paper(None)))
        for label, facts in _by_label(group, {}).items()
    ]
    theirs = [
        Row(label=label, cells=(Cell(value=None, source="own"), _paper(val), _paper(test)))
        for label, (val, test) in PAPER_METHODS.items()
    ]
    split = group[0].protocol.split if group else "val"
    return Table(
        number=3,
        title="Segmentation network" + (f" · {_title(group[0])}" if group else ""),
        columns=(split, f"val ({PAPER})", f"test ({PAPER})"),
        rows=(*own, *theirs),
        notes=_notes(group),
    )
