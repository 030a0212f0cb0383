"""Measured figures as facts, and which of them may be compared. Free of torch.

Facts are only put together when they differ in nothing but what a table's rows vary.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ssenet.config import INPUTS, PAPER_ALPHA, CamTrainSettings
from ssenet.lineage import WITHOUT_EFFECT, Step
from ssenet.results import MULTI_SCALE, EvaluationRecord, ProtocolCard
from ssenet.scores import SegmentationRecord

Measure = Literal["cam", "walk", "segmentation"]

_VARIED: dict[int, frozenset[str]] = {
    1: frozenset({"method", "rate", "seed"}),
    2: frozenset({"method", "rate", "seed", "scale_min", "scale_max"}),
    3: frozenset({"method", "rate", "seed"}),
}
"""CAM training settings that the rows of each table vary; seeds are averaged."""
_TWO_BRANCHES = frozenset({"eta", "ser_form", "equivariance", "angle"})
"""CAM training settings that mean nothing for a baseline."""
_IRRELEVANT = WITHOUT_EFFECT | {"val_split", "val_images", "dataset"}


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
    """The fact of scored label maps; None when no known CAM training, or no random walk, is behind them.

    Nor are those facts behind which several CAM networks or several ways of computing CAMs
    are, as when CAMs walk along an AffinityNet that learnt from others: they belong to no row.
    """
    train = _training(record.lineage)
    kinds = Counter(step.kind for step in record.lineage)
    if train is None or not kinds["random_walk"] or kinds["train_cam"] > 1 or kinds["infer_cam"] > 1:
        return None
    measure: Measure = "walk" if record.subject == "pseudo-labels" else "segmentation"
    return Fact(measure, record.miou, train, record.protocol, record.lineage)


def _training(steps: Sequence[Step]) -> CamTrainSettings | None:
    """The CAM training behind a figure; None when there is none, or a training behind it was not finished."""
    if any(step.epoch is not None and step.epoch != step.settings.get("epochs") for step in steps):
        return None
    for step in steps:
        if step.kind == "train_cam":
            return CamTrainSettings.model_validate(step.settings)
    return None


def comparable(facts: Iterable[Fact], number: int) -> list[list[Fact]]:
    """Facts that may stand in one table, most first.

    CAMs stand beside each way of refining them that was run.
    """
    bases: dict[str, dict[str, Fact]] = defaultdict(dict)
    for fact in facts:
        # The same network scored twice in the same way is one run, not two.
        seeds = [step.settings.get("seed") for step in fact.later]
        once = json.dumps([fact.measure, fact.protocol.weights_sha256, _refinement(fact), seeds])
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
    # What a network learnt from is told by its data set's id alone; of scored photographs there is a fingerprint.
    excluded = (_VARIED[number] | _IRRELEVANT | _TWO_BRANCHES | {"batch_norm"}) - {"dataset"}
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
    """Settings of the steps after the CAMs, and the photographs that they start from; ids left out."""
    steps = [s for s in fact.later if s.kind not in ("train_cam", "infer_cam")]
    settings = [
        {k: v for k, v in s.settings.items() if k not in INPUTS[s.kind] and k not in _IRRELEVANT | {"seed"}}
        for s in steps
    ]
    # Which checkpoint a backbone starts from is an id; that it starts from one, not from ImageNet, is a setting.
    started = [s.settings.get("start") is not None for s in steps]
    photographs = [[s.settings.get("split"), s.settings.get("images")] for s in fact.later if s.kind == "infer_cam"]
    return json.dumps([[s.kind for s in steps], settings, started, photographs], sort_keys=True)
