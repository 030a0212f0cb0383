"""A set on the page: its pictures one image after the other, or several at a glance, and downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from frontend import schemas as s
from frontend.components.pictures import draw, grid_html, legend_html, shots
from frontend.session import client, image_set, sample

GALLERY_IMAGES = 4
CAPTIONS = {
    "infer_cam": "Labels: the class whose map is highest, background where all maps are at most α.",
    "crf": "Above: the map of one class. Below: the labels of all classes. The background scores (1 − highest map) to "
    "the given power: the smaller power is the strong background, under which only confident pixels keep a class; the "
    "larger is the weak one, under which only confident pixels stay background.",
    "random_walk": "Above: the map of one class. Below: the labels of all classes, with the same background.",
    "pseudo_labels": "What the segmentation network is trained on. Striped pixels are ignored.",
    "evaluate_segmentation": "Fig. 6 of the paper: photographs, ground truth, prediction.",
}


def set_view(kind: str, settings: Mapping[str, Any], set_id: str) -> None:
    """Before and after for the image that the address names, and the next and the previous one."""
    made = image_set(set_id)
    truth = has_masks(made)
    if kind == "evaluate_segmentation":
        _gallery(settings, made, truth)
    else:
        _one_image(kind, settings, made, truth)
    st.caption(CAPTIONS.get(kind, ""))
    _downloads(made)


def has_masks(made: s.ImageSet) -> bool:
    """Whether the ground truth of the set's images is known."""
    return any(made.split in d.masked_splits for d in client().datasets() if d.id == made.dataset)


def _one_image(kind: str, settings: Mapping[str, Any], made: s.ImageSet, truth: bool) -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        index = choose_image(made, step=1)
    labels = image_labels(made, index)
    rows = shots(kind, settings, made, truth)
    chosen = None
    if labels and any(shot.of_class for row in rows for shot in row):
        with right:
            chosen = choose_class(labels)
    st.html(grid_html([[draw(shot, index, chosen) for shot in row] for row in rows]))
    st.html(legend_html(made.classes, labels, ignored=made.kind == "masks"))


def _gallery(settings: Mapping[str, Any], made: s.ImageSet, truth: bool) -> None:
    """Fig. 6: photographs, below each its ground truth and its prediction."""
    first = choose_image(made, step=GALLERY_IMAGES)
    numbers = range(first, min(first + GALLERY_IMAGES, made.images))
    row = shots("evaluate_segmentation", settings, made, truth)[0]
    titled = [replace(shot, title=made.image_ids[n]) for n in numbers for shot in row[:1]]
    drawn = [[draw(shot, number, None) for shot, number in zip(titled, numbers, strict=True)]]
    drawn += [[draw(shot, number, None) for number in numbers] for shot in row[1:]]
    st.html(grid_html(drawn, columns=GALLERY_IMAGES))
    st.html(legend_html(made.classes, []))


def choose_image(made: s.ImageSet, step: int) -> int:
    """Index of the image to show; its number, from 1, is in the address."""
    last = max(1, made.images)
    asked = st.query_params.get("image", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 10 else 1
    current = number if 1 <= number <= last else 1
    current -= (current - 1) % step
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _turn("Previous", ":material/chevron_left:", "Left", current - step, current <= 1)
        _turn("Next", ":material/chevron_right:", "Right", current + step, current + step > last)
        end = min(current + step - 1, last)
        which = f"Image {current}" if step == 1 else f"Images {current} to {end}"
        name = f" · {made.image_ids[current - 1]}" if step == 1 and made.image_ids else ""
        st.markdown(f"**{which}** of {last}{name}", width="content")
    return current - 1


def _turn(label: str, icon: str, key: str, target: int, disabled: bool) -> None:
    st.button(
        label, icon=icon, key=f"image_{label.lower()}", shortcut=key, disabled=disabled,
        on_click=_show_image, args=(target,), icon_position="left" if label == "Previous" else "right",
    )  # fmt: skip


def _show_image(number: int) -> None:
    st.query_params["image"] = str(number)


def image_labels(made: s.ImageSet, index: int) -> list[str]:
    """Classes that the image is known to show."""
    found = sample(made.dataset, made.split, index)
    return [name for name in found.labels if name in made.classes] if found else []


def choose_class(labels: list[str]) -> str:
    """Whose map is shown."""
    asked = st.query_params.get("class")
    current = asked if asked in labels else labels[0]
    chosen = st.segmented_control("Class", labels, default=current, required=True, key=f"class_{'|'.join(labels)}")
    if chosen and chosen != current:
        st.query_params["class"] = chosen
    return chosen or current


def _downloads(made: s.ImageSet) -> None:
    if made.kind != "masks":
        return
    with st.container(horizontal=True):
        _download(made, "voc.zip", "VOC folder", "application/zip", "Photographs, labels as indexed PNGs, and lists.")
        if made.subject == "segmentation":
            _download(
                made, "server.tgz", "VOC server archive", "application/gzip", "Predictions as the VOC server wants."
            )


def _download(made: s.ImageSet, name: str, label: str, mime: str, help_: str) -> None:
    service = client()
    st.download_button(
        label, lambda: service.export(made.id, name), f"{made.dataset}-{made.split}-{name}", mime,
        icon=":material/download:", help=help_, key=f"{name}_{made.id}",
    )  # fmt: skip
