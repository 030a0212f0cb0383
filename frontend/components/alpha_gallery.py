"""The images behind a point of a curve: photograph, truth, labels at that α, and a way to Inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from frontend import schemas as s
from frontend.client import Pending, Problem
from frontend.components import markup
from frontend.components.alpha_data import Lab
from frontend.components.protocol import protocol_html
from frontend.components.truth import Truth, truth_of
from frontend.keeping import kept
from frontend.schemas.alpha import EvaluatedImage, EvaluatedImages
from frontend.session import client, coarse_logits, picture
from ssenet.analysis.error_map import FN, FP, TP, error_map, labels_at
from ssenet.analysis.per_image import Order
from ssenet.config import WORKING_SIDE
from ssenet.data.images import voc_palette
from ssenet.render import aggregate, class_scores, normalise, predicted
from ssenet.results import MULTI_SCALE, ProtocolCard, View

SHOWN = 4
POLL_SECONDS = 1.0
# Words, not codes: the address holds an option as it is written.
ORDERS: dict[str, Order] = {
    "lowest IoU first": "worst",
    "highest IoU first": "best",
    "most left out first": "fn",
    "most over-covered first": "fp",
}
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


@dataclass(frozen=True)
class Point:
    """A point of a curve: the network by its label, the row, α, and the class or None."""

    name: str
    row: str
    alpha: float
    label: str | None


def gallery(lab: Lab, checkpoints: dict[str, s.Checkpoint], point: Point) -> None:
    """The images of a point, a few at a time, in the order that is chosen."""
    order, offset = _choose_order(), _offset()
    found = _images(lab, point, order, offset)
    if found.total and not found.items:  # the address is of another choice, with more images
        _go(offset := (found.total - 1) // SHOWN * SHOWN)
        found = _images(lab, point, order, offset)
    if not found.items:
        st.info("No image here has such a class in its mask or among its labels. Choose another class, or a lower α.")
        return
    _steps(offset, found)
    cards = [_Shown(one, lab, checkpoints[point.name], point) for one in found.items]
    pending = _prepared(cards)
    run_every = POLL_SECONDS if pending else None
    st.fragment(run_every=run_every)(_grid)(cards, pending)
    own = [(name, card) for name, card in lab.cards(point.alpha) if name == point.name]
    st.html(protocol_html(own, "the images", lab.networks))


def _choose_order() -> Order:
    first = next(iter(ORDERS))
    return ORDERS[st.segmented_control("Order", list(ORDERS), default=first, key="order", **BOUND) or first]


def _offset() -> int:
    text = str(st.query_params.get("offset", "0"))
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _images(lab: Lab, point: Point, order: Order, offset: int) -> EvaluatedImages:
    evaluation = lab.evaluations[point.name]
    common = tuple(e.id for e in lab.evaluations.values())
    return _ranked(evaluation.id, point.row, point.alpha, point.label, order, common, offset)


@kept(max_entries=300)
def _ranked(
    evaluation: str,
    row: str,
    alpha: float,
    label: str | None,
    order: Order,
    common: tuple[str, ...],
    offset: int,
) -> EvaluatedImages:
    return client().evaluation_images(evaluation, row, alpha, label, order, common, offset, SHOWN)


def _steps(offset: int, found: EvaluatedImages) -> None:
    """Which images these are, and the ones before and after, by click or key."""
    last = offset + len(found.items)
    with st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", "P", max(0, offset - SHOWN), offset == 0)
        _step("Next", "N", offset + SHOWN, last >= found.total)
        left_out = f", {found.undefined} more without anything to find" if found.undefined else ""
        st.html(
            f'<span class="sl-pointer" role="status">Images {offset + 1} to {last} of {found.total}{left_out}</span>'
        )


def _step(title: str, key: str, offset: int, disabled: bool) -> None:
    icon = ":material/chevron_left:" if title == "Previous" else ":material/chevron_right:"
    st.button(
        title,
        key=f"gallery_{title.lower()}",
        icon=icon,
        shortcut=key,
        disabled=disabled,
        on_click=_go,
        args=(offset,),
    )


def _go(offset: int) -> None:
    """On to other images; the address says which."""
    if offset:
        st.query_params["offset"] = str(offset)
    else:
        st.query_params.pop("offset", None)


class _Shown:
    """One image of the gallery; its labels arrive when the service has its maps."""

    def __init__(self, item: EvaluatedImage, lab: Lab, checkpoint: s.Checkpoint, point: Point) -> None:
        self.item, self.checkpoint, self.point = item, checkpoint, point
        evaluation = lab.evaluations[point.name]
        self.dataset, self.protocol = evaluation.dataset_id, evaluation.record.protocol
        self.names = list(lab.evaluations)
        self.image: s.Image | None = None
        self.truth: Truth | None = None
        self.labels: NDArray[np.uint8] | None = None
        self.problem = ""

    def prepare(self) -> bool:
        """Open the sample and ask for its maps; whether they are still being computed."""
        try:
            return self._prepare()
        except Problem as problem:
            self.problem = str(problem)
            return False

    def _prepare(self) -> bool:
        if self.item.index is None:
            self.problem = "The data set has changed since, so this image cannot be opened."
            return False
        if self.image is None:
            self.image = _opened(self.dataset, self.protocol.split, self.item.index)
            self.truth = truth_of(self.image)
        if self.labels is None and self.truth is not None:
            self.labels = self._labels(self.image, self.truth)
        return self.labels is None and self.truth is not None

    def _labels(self, image: s.Image, truth: Truth) -> NDArray[np.uint8] | None:
        coarse = _logits(self.checkpoint, image.id, self.protocol, self.point.row)
        if coarse is None:
            return None
        classes = _present(self.checkpoint, image, self.protocol, coarse)
        order = self.protocol.relu_order or "fast"
        maps = aggregate(coarse, (truth.mask.shape[0], truth.mask.shape[1]), classes, order)
        return labels_at(normalise(maps, "official" if order == "official" else "eq3"), classes, self.point.alpha)

    def html(self) -> str:
        """Photograph, truth and labels side by side, with the numbers under them."""
        if self.problem or self.image is None:
            return f"<p>{escape(self.item.id)}: {escape(self.problem)}</p>"
        photograph = picture(self.image.id, WORKING_SIDE)
        figures = [_figure("photograph", markup.image(photograph, f"Photograph {self.item.id}"))]
        if self.truth is not None:
            truth = voc_palette()[self.truth.mask]
            of = ", ".join(self._shown())
            figures.append(_figure("truth", markup.image(truth, f"Truth of {self.item.id}: {of}")))
            figures.append(_figure(f"labels at α = {self.point.alpha:g}", self._errors(photograph, self.truth)))
        columns = "grid-template-columns:repeat(3,minmax(0,1fr))"
        return f'<div class="sl-pictures" style="{columns}">{"".join(figures)}</div>{self._numbers()}'

    def _shown(self) -> Sequence[str]:
        return self.item.classes or ("nothing",)

    def _errors(self, photograph: NDArray[np.uint8], truth: Truth) -> str:
        if self.labels is None:
            height, width = truth.mask.shape
            return f'<div class="sl-wait" style="aspect-ratio:{width}/{height}">computing…</div>'
        label = _number(truth, self.point.label)
        drawn = error_map(photograph, truth.mask, self.labels, label)
        return markup.image(drawn, f"Labels of {self.point.name} for {self.item.id}: hits, over-covered, left out")

    def _numbers(self) -> str:
        one = self.item
        of = self.point.label or " and ".join(self._shown())
        fn, fp, truth = (100 * pixels / max(1, one.pixels) for pixels in (one.fn, one.fp, one.truth))
        shares = f"left out {fn:.1f} %, over-covered {fp:.1f} %, object {truth:.1f} % of the image"
        return f'<div class="sl-pointer">{escape(f"{one.id} · {of} · IoU {100 * one.iou:.1f} % · {shares}")}</div>'

    def link(self) -> None:
        """To Inspect, with this image, class, α and these checkpoints."""
        if self.image is None:
            return
        query: dict[str, Any] = {"image": self.image.id, "alpha": f"{self.point.alpha:g}", "checkpoints": self.names}
        named = self.point.label not in (None, "background")
        shown = self.point.label if named else next(iter(self.item.classes), None)
        st.page_link(
            "views/inspect.py",
            label="Open in Inspect",
            icon=":material/image_search:",
            query_params=query | ({"class": shown} if shown else {}),
        )


@kept(max_entries=500)
def _opened(dataset: str, split: str, index: int) -> s.Image:
    return client().open_sample(dataset, split, index)


def _logits(
    checkpoint: s.Checkpoint, image: str, protocol: ProtocolCard, row: str
) -> dict[View, NDArray[np.float32]] | None:
    """Raw logits of the views of a row; None while some are computed. All of them are asked for."""
    scales = protocol.multi_scale if row == MULTI_SCALE else (float(row),)
    found: dict[View, NDArray[np.float32]] = {}
    missing = 0
    for scale in sorted(scales):
        try:
            found |= coarse_logits(checkpoint.id, image, scale, protocol.flip)
        except Pending:
            missing += 1
    return None if missing else found


def _present(
    checkpoint: s.Checkpoint, image: s.Image, protocol: ProtocolCard, coarse: dict[View, NDArray[np.float32]]
) -> list[int]:
    """Classes that get a map, as in the evaluation."""
    if protocol.label_source == "given":
        return [k for k, name in enumerate(checkpoint.classes) if name in image.labels]
    if protocol.label_source == "predicted":
        return sorted(predicted(class_scores(coarse)))
    return list(range(len(checkpoint.classes)))


def _number(truth: Truth, label: str | None) -> int | None:
    if label is None or label == "background":
        return None if label is None else 0
    return truth.classes.index(label) + 1


def _figure(caption: str, picture_html: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{picture_html}</figure>"


def _grid(cards: Sequence[_Shown], pending: bool) -> None:
    """Two images a line; when the last maps have arrived the page stops asking."""
    over = pending and not _prepared(cards)
    st.html(legend())
    for first in range(0, len(cards), 2):
        for column, card in zip(st.columns(2), cards[first : first + 2], strict=False):
            with column, st.container(border=True):
                st.html(card.html())
                card.link()
    if over:  # only now: a click that arrives with the last maps is answered first
        st.rerun()


def _prepared(cards: Sequence[_Shown]) -> bool:
    """Ask for the maps of all images, not of the first one only; whether any are still being computed."""
    pending = [card.prepare() for card in cards]
    return any(pending)


def legend() -> str:
    """What the colours mean."""
    parts = ((TP, "hit (TP)"), (FP, "over-covered (FP)"), (FN, "left out (FN)"))
    items = "".join(f'<span><i style="background:rgb{colour}"></i>{text}</span>' for colour, text in parts)
    return f'<div class="sl-legend">{items}</div>'
