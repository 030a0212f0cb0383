"""The pipeline as a pure graph of stages, for the command line and the service. Free of torch.

    train_cam → infer_cam → crf → train_affinity → random_walk → pseudo_labels → train_segmentation
                  │    └───────────────────────────────↗                               ↓
                  └→ evaluate                                              evaluate_segmentation

A stage may start when the stages it takes results from are finished. What a stage makes
is named by a content key (``ssenet.lineage``), so a finished one need not run again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from pydantic import JsonValue

from ssenet.config import STAGES, Closed, JobKind, PipelineKind, PipelineSettings

ORDER: tuple[JobKind, ...] = get_args(PipelineKind)


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline.

    Attributes:
        name: its kind; each occurs once.
        options: its settings without the results it takes.
        inputs: settings field → stage whose result it takes.
        given: settings field → id of a result that was there before.
    """

    name: JobKind
    options: dict[str, JsonValue]
    inputs: dict[str, JobKind] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)


def graph(settings: PipelineSettings, *, masked: bool) -> tuple[Stage, ...]:
    """The stages of a pipeline, each after those it needs.

    Args:
        settings: of the pipeline.
        masked: whether its split has masks; only then its CAMs are scored.
    """
    stages = [*_cam_stages(settings, masked), *_refining(settings), *_segmenting(settings)]
    last = ORDER.index(settings.last)
    return tuple(stage for stage in stages if ORDER.index(stage.name) <= last)


def _options(model: Closed) -> dict[str, JsonValue]:
    return model.model_dump(mode="json")


def _cam_stages(s: PipelineSettings, masked: bool) -> list[Stage]:
    stages, network = [], Stage("infer_cam", {}, {"checkpoint": "train_cam"})
    if s.train is not None:
        here = {"dataset": s.dataset, "split": s.split, "val_split": s.val_split}
        counts = {"train_images": s.images, "val_images": s.val_images}
        stages.append(Stage("train_cam", {**_options(s.train), **here, **counts}))
    elif s.checkpoint is not None:
        network = Stage("infer_cam", {}, {}, {"checkpoint": s.checkpoint})
    cams: dict[str, JsonValue] = {"dataset": s.dataset, "split": s.split, "images": s.images, **_options(s.cams)}
    stages.append(Stage("infer_cam", cams, network.inputs, network.given))
    if masked:
        # Scored as they are used: what the network gave is not computed again.
        scored: dict[str, JsonValue] = {**cams, "multi_scale": cams["scales"]}
        stages.append(Stage("evaluate", scored, {**network.inputs, "cams": "infer_cam"}, network.given))
    return stages


def _refining(s: PipelineSettings) -> list[Stage]:
    return [
        Stage("crf", _options(s.crf), {"cams": "infer_cam"}),
        _started(s, Stage("train_affinity", _options(s.affinity), {"crf": "crf"})),
        Stage("random_walk", _options(s.walk), {"checkpoint": "train_affinity", "cams": "infer_cam"}),
        Stage("pseudo_labels", _options(s.labels), {"maps": "random_walk"}),
    ]


def _started(s: PipelineSettings, stage: Stage) -> Stage:
    """The stage with the backbone that it starts from."""
    if not s.start_from_cam:
        return stage
    if s.checkpoint is None:
        return replace(stage, inputs={**stage.inputs, "start": "train_cam"})
    return replace(stage, given={"start": s.checkpoint})


def _segmenting(s: PipelineSettings) -> list[Stage]:
    val: dict[str, JsonValue] = {"val_split": s.val_split, "val_images": s.val_images}
    test: dict[str, JsonValue] = {"dataset": s.dataset, "split": s.val_split, "images": s.val_images}
    return [
        _started(s, Stage("train_segmentation", {**_options(s.segmentation), **val}, {"labels": "pseudo_labels"})),
        Stage("evaluate_segmentation", {**_options(s.test), **test}, {"checkpoint": "train_segmentation"}),
    ]


def stage_settings(stage: Stage, results: Mapping[JobKind, str]) -> Closed:
    """The settings a stage runs with.

    Args:
        stage: of the graph.
        results: id of what each finished stage made.

    Raises:
        KeyError: a stage it needs has no result.
        pydantic.ValidationError: the settings contradict each other.
    """
    taken = {name: results[source] for name, source in stage.inputs.items()}
    values: dict[str, Any] = {**stage.options, **stage.given, **taken}
    return STAGES[stage.name].model_validate(values)


def checked(settings: PipelineSettings, *, masked: bool) -> tuple[Stage, ...]:
    """The stages, after validating the settings of each with stand-ins for results: errors come before work.

    Raises:
        pydantic.ValidationError: the settings of a stage contradict each other.
    """
    stages = graph(settings, masked=masked)
    stand_ins = dict.fromkeys(ORDER, "result")
    for stage in stages:
        stage_settings(stage, stand_ins)
    return stages


def ready(stages: Iterable[Stage], finished: Collection[JobKind], started: Collection[JobKind]) -> list[Stage]:
    """The stages that are not started and whose inputs are all finished."""
    return [s for s in stages if s.name not in started and all(source in finished for source in s.inputs.values())]
