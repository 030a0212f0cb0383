"""Which photograph: samples of the gallery, uploads, and images of data sets whose masks are known."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components.permit import permit
from frontend.components.photo_picker import Thumbnail, photo_picker
from frontend.components.truth import Place, first_looks, sample_labels, thumbnail
from frontend.session import client, picture_png

THUMBNAILS = 14
"""Photographs without a mask in the row, at most."""
BROWSED = 16
"""Samples of a data set shown at once."""
ANY = "any class"
MEMORY = "inspect_image"
"""Where the session keeps the photograph while other pages are looked at."""


def show_photograph(image_id: str) -> None:
    """Make a photograph the current one, in the address too."""
    st.session_state[MEMORY] = image_id
    st.query_params["image"] = image_id


def _refuse(words: str | None) -> None:
    st.session_state["photograph_refused"] = words


def _picked(choice: str) -> None:
    """Show a photograph by its id, or open a sample by its place."""
    _refuse(None)
    place = Place.parse(choice)
    try:
        show_photograph(client().open_sample(place.dataset, place.split, place.index).id if place else choice)
    except Problem as problem:
        _refuse(str(problem))


# Upload -------------------------------------------------------------------------------------------
def upload() -> None:
    """Take a file, once; the API's own words when it is refused."""
    file = st.file_uploader(
        "PNG, JPEG or WebP, at most 25 MB",
        type=["png", "jpg", "jpeg", "webp"],
        key="upload",
        on_change=_refuse,
        args=(None,),
        **permit("run"),
    )
    st.caption("The photograph stays on this service; nothing is sent elsewhere.")
    if file is None or st.session_state.get("upload_done") == file.file_id:
        return
    st.session_state["upload_done"] = file.file_id
    try:
        show_photograph(client().upload(file.name, file.getvalue()).id)
        _refuse(None)
    except Problem as problem:
        _refuse(str(problem))
    st.rerun()


# Samples of data sets -----------------------------------------------------------------------------
def browse(datasets: Sequence[s.Dataset], current: s.Image | None) -> None:
    """Any sample with a mask, by data set, class and number."""
    masked = {dataset.id: dataset for dataset in datasets if dataset.masked_splits}
    if not masked:
        st.info("No data set with masks is registered. Register one with: ssenet-lab data add NAME FOLDER")
        return
    a, b, c = st.columns(3)
    names = {key: dataset.name for key, dataset in masked.items()}
    dataset = masked[a.selectbox("Data set", list(masked), format_func=names.__getitem__, key="browse_dataset")]
    splits = sorted(dataset.masked_splits, key=lambda name: name != "val")
    split = b.selectbox("Split", splits, key="browse_split")
    class_name = c.selectbox("Shows", [ANY, *dataset.classes], key="browse_class")
    wanted = None if class_name == ANY else class_name
    counted = "From image number" if wanted is None else f"Skip so many that show {wanted}"
    start = int(st.number_input(counted, 0, max(0, dataset.splits.get(split, 1) - 1), 0, key="browse_from"))
    page = client().samples_page(dataset.id, split, start, BROWSED, wanted)
    if not page.items:
        st.info(f"No more images here: {page.total} of {split} match. Take a smaller number.")
        return
    places = {Place(dataset.id, split, item.index): item for item in page.items}
    thumbnails = [_sample_thumbnail(dataset, place, item.labels) for place, item in places.items()]
    photo_picker(thumbnails, _origin(current), _picked, key="browse_photographs", label="Images with ground truth")
    st.caption(f"{len(page.items)} of {page.total} images. Click one to open it.")


def _sample_thumbnail(dataset: s.Dataset, place: Place, labels: Sequence[str]) -> Thumbnail:
    title = f"{dataset.name} {place.split} {place.index}: {', '.join(labels) or 'no class'}"
    return Thumbnail(place.name, title, thumbnail(dataset, place))


def _origin(image: s.Image | None) -> str | None:
    return image.origin if image and image.source == "dataset" else None


# The rows of thumbnails ---------------------------------------------------------------------------
def choose_photograph(datasets: Sequence[s.Dataset]) -> s.Image | None:
    """Both rows of thumbnails, and the photograph they stand on."""
    photographs = [p for source in ("gallery", "upload") for p in client().images([source])[:THUMBNAILS]]
    current = current_photograph(photographs)
    refused = st.session_state.get("photograph_refused")
    # A place of its own, empty or not: what follows keeps its position and is not drawn anew.
    notice = st.container()
    if refused:
        notice.error(f"The photograph was not taken. {refused} The current one stays.", icon=":material/error:")
    if current is None:
        st.info("There is no photograph yet. Upload one to begin.")
        return None
    places = {place: dataset for dataset in datasets for place in first_looks(dataset)}
    stranger = current.id not in {p.id for p in photographs} and _origin(current) not in {p.name for p in places}
    shown = [current, *photographs] if stranger else photographs
    thumbnails = [Thumbnail(p.id, p.caption, picture_png(p.id, 128)) for p in shown]
    photo_picker(thumbnails, current.id, _picked, key="photographs")
    if places:
        known = [_sample_thumbnail(d, place, sample_labels(d, place)) for place, d in places.items()]
        photo_picker(
            known, _origin(current), _picked, "known_photographs", "Images with ground truth", "With ground truth"
        )
    return current


def current_photograph(photographs: Sequence[s.Image]) -> s.Image | None:
    """The one in the address, the last one looked at, or the first sample."""
    asked = st.query_params.get("image") or st.session_state.get(MEMORY)
    if asked:
        try:
            found = next((p for p in photographs if p.id == asked), None) or client().image(asked)
            show_photograph(found.id)
            return found
        except Problem as problem:
            st.warning(f"{problem} A sample is shown instead.")
    return photographs[0] if photographs else None
