"""The stages ``train_affinity`` and ``random_walk``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.affinity.background import background_first
from ssenet.affinity.grid import WalkGrid
from ssenet.affinity.inference import AffinityInference, load_affinity
from ssenet.affinity.memory import check_memory
from ssenet.affinity.network import CHANNELS
from ssenet.affinity.training import AffinityTask
from ssenet.affinity.walk import random_walk
from ssenet.config import AffinityTrainSettings, WalkOptions, WalkSettings
from ssenet.events import Reporter, Stopped
from ssenet.inference import best_device
from ssenet.refine.derived import derived_manifest, image_progress
from ssenet.refine.maps import cam_maps
from ssenet.refine.photographs import photographs_of
from ssenet.sets import pack
from ssenet.stages import RunSpec, Stop, close_set
from ssenet.training.loop import TrainingLoop

Floats = NDArray[np.float32]


def train(spec: RunSpec, settings: AffinityTrainSettings, report: Reporter, stop: Stop) -> None:
    """Train AffinityNet on the affinity labels of a CRF set.

    Raises:
        UserError: the settings, the set or the weights cannot be used.
        Stopped: it was asked to stop.
    """
    device = best_device()
    task = AffinityTask(spec, settings, device)
    loop = TrainingLoop(
        task, settings, task.images, spec.output, report, stop=stop, resume_from=spec.resume_from, device=device
    )
    loop.run()


def walk(spec: RunSpec, settings: WalkSettings, report: Reporter, stop: Stop) -> None:
    """A set of random walk scores from a set of CAMs; finished photographs are taken over.

    Raises:
        UserError: the network, the set or its data set cannot be used, or memory does not suffice.
        Stopped: it was asked to stop.
    """
    cams, dataset, files = spec.image_set("cams"), spec.opened(), spec.network("checkpoint")
    photographs, step = photographs_of(cams, dataset), spec.step(settings, dataset.fingerprint)
    writer = spec.writer(".npz", step)
    missing = writer.missing(cams.ids)
    network = load_affinity(files.weights, files.card) if missing else None
    progress = image_progress(report, len(cams.ids) - len(missing), len(cams.ids))
    for done, image_id in enumerate(missing, 1):
        if stop():
            raise Stopped
        assert network is not None
        image = photographs.sample(image_id).image
        classes, maps = cam_maps(cams, image_id, (image.shape[0], image.shape[1]))
        writer.put(image_id, _item(network, image, classes, maps, settings))
        progress(done)
    close_set(spec, writer, derived_manifest(cams, "walk", spec.lineage(step)), report)


def _item(
    network: AffinityInference,
    image: NDArray[np.uint8],
    classes: NDArray[np.int64],
    maps: Floats,
    settings: WalkOptions,
) -> bytes:
    """The item of a photograph, on the grid that it has at its own size."""
    walked = walked_scores(network, image, maps, settings)
    arrays = {
        "maps": walked[1:].astype(np.float16),
        "background": walked[0].astype(np.float16),
        "classes": classes,
        "stride": np.array(network.stride, np.int64),
        "size": np.array(image.shape[:2], np.int64),
    }
    return pack(arrays)


def walked_scores(network: AffinityInference, image: NDArray[np.uint8], maps: Floats, settings: WalkOptions) -> Floats:
    """Scores (k + 1, h, w) of the background and of CAMs (k, H, W) after the random walk.

    The walk runs on the grid of the image that the network sees, whose long side is at
    most ``working_side``; the result is brought to the grid of the photograph's own size,
    ceil(H / stride) × ceil(W / stride) cells. Without any class there is nothing to spread.

    Raises:
        SettingsError: memory does not suffice; the message says what to lower.
    """
    grid = WalkGrid.of((image.shape[0], image.shape[1]), network.stride, settings.working_side)
    check_memory(
        grid,
        CHANNELS,
        radius=settings.radius,
        classes=len(maps) + 1,
        pixel_bytes=network.pixel_bytes,
        free=network.free_memory,
    )
    scores = grid.pool(background_first(maps, settings))
    if len(maps):
        pairs = network.affinities(image, settings.radius, settings.working_side)
        scores = random_walk(scores, pairs, settings.beta, settings.log_steps)
    return grid.spread(scores)
