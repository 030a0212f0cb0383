"""The stages of the CAM network: train it, write its CAMs, score them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ssenet import __version__
from ssenet.config import CamInferSettings, CamTrainSettings, EvaluateSettings
from ssenet.data.base import Dataset, Sample
from ssenet.evaluate import Scored, check_classes, chosen_classes, count_images, evaluate, evaluate_set
from ssenet.events import Reporter, Stopped
from ssenet.files import write_bytes
from ssenet.histograms import save_histograms
from ssenet.inference import Network, load_network
from ssenet.lineage import Step
from ssenet.render import class_scores
from ssenet.results import views_of
from ssenet.sets import SetManifest, pack
from ssenet.stages import HISTOGRAMS, RECORD, RunSpec, Stop, close_set
from ssenet.training.cam import cam_training


def image_progress(report: Reporter, stop: Stop) -> Callable[[int, int], None]:
    """Tells of every finished image, and raises Stopped between two when asked to."""

    def progress(done: int, total: int) -> None:
        report("progress", done=done, total=total, unit="images", message=f"{done} of {total} images")
        if stop() and done < total:
            raise Stopped

    return progress


def train(spec: RunSpec, settings: CamTrainSettings, report: Reporter, stop: Stop) -> None:
    """Train a baseline or an SSENet."""
    cam_training(settings, spec.opened(), spec.output, report, stop=stop, resume_from=spec.resume_from).run()


def _network(spec: RunSpec) -> Network:
    files = spec.network("checkpoint")
    return load_network(files.weights, files.card)


def score(spec: RunSpec, settings: EvaluateSettings, report: Reporter, stop: Stop) -> None:
    """α histograms of a checkpoint's CAMs."""
    progress = image_progress(report, stop)
    if settings.cams is None:
        record, histograms = evaluate(_network(spec), spec.opened(), settings, progress)
    else:
        card = spec.card("checkpoint")
        record, histograms = evaluate_set(spec.image_set("cams"), card, spec.opened(), settings, progress)
    write_bytes(spec.output / HISTOGRAMS, save_histograms(histograms))
    write_bytes(spec.output / RECORD, record.model_dump_json(indent=1).encode())
    report("evaluation", record=RECORD, histograms=HISTOGRAMS)


def infer(spec: RunSpec, settings: CamInferSettings, report: Reporter, stop: Stop) -> None:
    """A set of CAMs: raw coarse logits of the chosen classes, one npz a photograph."""
    network, dataset = _network(spec), spec.opened()
    if settings.labels == "given":
        check_classes(network.card, dataset)
    images = count_images(dataset, settings.split, settings.images)
    step = spec.step(settings, dataset.fingerprint, network.card.weights_sha256)
    ids, writer = dataset.ids(settings.split)[:images], spec.writer(".npz", step)
    positions = {image_id: index for index, image_id in enumerate(ids)}
    progress, missing = image_progress(report, stop), writer.missing(ids)
    for done, image_id in enumerate(missing, 1 + images - len(missing)):
        sample = dataset.sample(settings.split, positions[image_id], with_mask=False)
        writer.put(image_id, _item(network, sample, settings))
        progress(done, images)
    close_set(spec, writer, _manifest(spec, step, network, dataset, ids), report)


def _manifest(spec: RunSpec, step: Step, network: Network, dataset: Dataset, ids: list[str]) -> SetManifest:
    return SetManifest(
        kind="cams",
        key=step.key,
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=str(step.settings["split"]),
        image_ids=tuple(ids),
        classes=tuple(network.card.classes),
        lineage=spec.lineage(step),
        code_version=__version__,
    )


def _item(network: Network, sample: Sample, settings: CamInferSettings) -> bytes:
    exclusive = network.card.method == "classifier"
    coarse = network.coarse_logits(sample.image, views_of(settings.scales, settings.flip))
    scores = class_scores(coarse, exclusive=exclusive)
    classes = chosen_classes(Scored(sample, coarse, scores), settings.labels, exclusive=exclusive)
    arrays: dict[str, Any] = {view.name: maps[classes].astype(np.float16) for view, maps in coarse.items()}
    return pack({"classes": np.array(classes, np.int64), "scores": scores, **arrays})
