"""What the pages share: the client, cached answers, and errors in words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Pictures

from frontend import schemas as s
from frontend.access import visitor
from frontend.access.visitor import client as client
from frontend.client import LoginNeeded, Problem, ServiceUnreachable
from frontend.components.markup import data_url
from frontend.keeping import kept
from ssenet.results import View

log = logging.getLogger(__name__)

DISPLAY_SIDE = 480
"""Long side of a picture that fills a good part of the page, in pixels."""
MAPS_SIZE = "256MB"
"""Raw maps that the pages keep: a few kB each of a network of ten classes, 8 MB of one with a thousand."""


@kept(max_entries=300)
def picture_png(image_id: str, max_side: int = DISPLAY_SIDE) -> bytes:
    """PNG of a photograph; fetched once, since pixels never change."""
    return client().pixels(image_id, max_side)


def picture(image_id: str, max_side: int = DISPLAY_SIDE) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a photograph."""
    with Pictures.open(BytesIO(picture_png(image_id, max_side))) as opened:
        return np.asarray(opened.convert("RGB"))


@kept(max_size=MAPS_SIZE)
def _cam(checkpoint: str, image: str, scale: float, flip: bool) -> bytes:
    # A ``Pending`` passes through, and exceptions are not cached: the next run asks again.
    return client().cam(checkpoint, image, scale, flip)


def coarse_logits(checkpoint: str, image: str, scale: float, flip: bool) -> dict[View, NDArray[np.float32]]:
    """Raw coarse logits ``(K, h, w)`` of one scale, and of its mirror image with ``flip``.

    Raises:
        Pending: the service is still computing them.
    """
    with np.load(BytesIO(_cam(checkpoint, image, scale, flip)), allow_pickle=False) as arrays:
        return {View.parse(name): arrays[name].astype(np.float32) for name in arrays.files}


@kept(max_size=MAPS_SIZE)
def _view_cam(checkpoint: str, image: str, view: str) -> bytes:
    return client().view_cam(checkpoint, image, View.parse(view))


def view_logits(checkpoint: str, image: str, view: View) -> NDArray[np.float32]:
    """Raw coarse logits ``(K, h, w)`` of any view, turned and shifted ones too.

    Raises:
        Pending: the service is still computing them.
    """
    if not view.warped:  # the same maps as on the other pages
        return coarse_logits(checkpoint, image, view.scale, view.flip)[view]
    with np.load(BytesIO(_view_cam(checkpoint, image, view.name)), allow_pickle=False) as arrays:
        return arrays[view.name].astype(np.float32)


@kept(max_entries=600)
def _set_picture(set_id: str, index: int, max_side: int, what: tuple[tuple[str, str], ...]) -> str:
    png = client().set_picture(set_id, index, max_side, **dict(what))
    with Pictures.open(BytesIO(png)) as opened:
        return data_url(np.asarray(opened.convert("RGB")))


def set_picture(set_id: str, index: int, max_side: int, **what: str) -> str:
    """Data URL of a picture of a set's image (``Client.set_picture``); fetched once, since sets never change."""
    return _set_picture(set_id, index, max_side, tuple(sorted(what.items())))


@kept(max_entries=60)
def image_set(set_id: str) -> s.ImageSet:
    """A set; fetched once, since sets never change."""
    return client().image_set(set_id)


@kept(max_entries=200)
def score(score_id: str) -> s.Score:
    """A score; fetched once, since scores never change."""
    return client().score(score_id)


@kept(max_entries=200)
def evaluation(evaluation_id: str) -> s.Evaluation:
    """An evaluation; fetched once, since evaluations never change."""
    return client().evaluation(evaluation_id)


@kept(max_entries=2000)
def sample(dataset: str, split: str, index: int) -> s.Sample | None:
    """The sample of that number with its image-level labels; None when the split has none."""
    return next(iter(client().samples(dataset, split, index)), None)


@kept(ttl=60)
def capabilities() -> s.Capabilities:
    """What the installation can do; asked at most once a minute."""
    return client().capabilities()


@kept(ttl=60, max_entries=100)
def pipeline_estimate(settings_json: str) -> s.PipelineEstimate:
    """How long a pipeline with these settings would take; asked at most once a minute."""
    return client().estimate_pipeline(json.loads(settings_json))


@kept(max_entries=60)
def curves(evaluation_id: str) -> s.Curves:
    """Curves of an evaluation; fetched once, since an evaluation never changes."""
    return client().curves(evaluation_id)


@kept(ttl=60, max_entries=100)
def estimate(kind: str, settings_json: str) -> s.Estimate:
    """How long a job with these settings would take; asked at most once a minute."""
    return client().estimate(kind, json.loads(settings_json))


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Show a refused request as a sentence; the rest of the page goes on."""
    try:
        yield
    except Problem as problem:
        st.error(f"{doing} {problem}", icon=":material/error:")


@contextmanager
def page_guard(part: str) -> Iterator[None]:
    """The last net under a page or one live part of it: never a traceback, always a way on."""
    try:
        yield
    except LoginNeeded:
        visitor.lose(visitor.EXPIRED)
        st.rerun()  # with the log-in form in the place of the page
    except Problem as problem:
        st.error(str(problem), icon=":material/error:")
    except ServiceUnreachable as error:
        st.error(
            f"{error} Start it with `make run`, then try again. Jobs that were running go on where they stood.",
            icon=":material/cloud_off:",
        )
        st.button("Try again", key=f"try_again_{part}")
    except Exception:
        log.exception("%s failed", part)
        st.error(
            "This part of the page could not be shown because of a fault in the program. Reload the page; "
            "if that does not help, the log of the pages has the details.",
            icon=":material/error:",
        )
