"""A page with nothing but a canvas, for browser tests and benchmarks: blobs as maps, no service behind it.

Query parameters of the test: ``scales`` (comma separated), ``missing`` (a scale whose maps are not there yet),
``truth=0`` (no ground truth), ``empty=1`` (a third checkpoint of which nothing is known yet).
"""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from frontend.canvas import Canvas, CanvasView, Layer, cam_canvas
from ssenet.results import views_of

H, W, STRIDE = 375, 500, 8
CLASSES = ("dog", "cat", "person", "sofa", "bicycle")


def blob(size: tuple[int, int], centre: tuple[float, float], radius: float) -> NDArray[np.float64]:
    """A smooth hill: 1 at its centre, 0 at ``radius`` (a fraction of the height), negative beyond."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    y, x = (y + 0.5) / size[0] - centre[0], ((x + 0.5) / size[1] - centre[1]) * W / H
    return 1 - np.hypot(y, x) / radius


def logits(scale: float, steadiness: float, seed: int) -> NDArray[np.float32]:
    """(K, h, w) of one view: objects that shrink as the scale grows, the less the steadier."""
    random = np.random.default_rng(seed)
    size = round(H * scale / STRIDE), round(W * scale / STRIDE)
    shrink = scale ** -(1 - steadiness)
    hills = [8 * blob(size, (0.55, 0.45), 0.34 * shrink), 5 * blob(size, (0.3, 0.75), 0.2 * shrink)]
    rest = [3 * blob(size, tuple(random.random(2)), 0.1 + 0.1 * k) - 1 for k in range(len(CLASSES) - 2)]
    return (np.stack(hills + rest) + random.normal(0, 0.25, (len(CLASSES), *size))).astype(np.float32)


def layer(key: str, title: str, steadiness: float, scales: list[float], missing: set[float]) -> Layer:
    """One checkpoint."""
    maps = {
        view: logits(view.scale, steadiness, round(100 * view.scale) + view.flip)
        for view in views_of(scales, flip=False)
        if view.scale not in missing
    }
    return Layer(key, title, "EfficientNet-Lite0", CLASSES, (0.97, 0.83, 0.12, 0.06, 0.01), maps)


def photograph() -> bytes:
    """A picture with edges, so that zoom and place can be seen."""
    y, x = np.mgrid[0:H, 0:W]
    checks = ((x // 25 + y // 25) % 2) * 40
    rgb = np.stack([90 + checks + x // 8, 110 + checks, 150 + checks - y // 6], 2).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def truth() -> NDArray[np.uint8]:
    """Label 1 (dog) and 2 (cat) where their hills are, and a border that is ignored."""
    mask = np.zeros((H, W), np.uint8)
    for label, centre, radius in ((2, (0.3, 0.75), 0.15), (1, (0.55, 0.45), 0.27)):
        hill = blob((H, W), centre, radius)
        mask[hill > -0.06] = 255
        mask[hill > 0] = label
    return mask


def scene(scales: list[float], missing: set[float], with_truth: bool) -> Canvas:
    """Two checkpoints."""
    layers = (layer("one", "baseline", 0.1, scales, missing), layer("two", "SSENet", 0.9, scales, missing))
    mask = truth() if with_truth else None
    return Canvas(photograph(), (H, W), layers, tuple(scales), False, mask, ("dog", "cat") if with_truth else ())


def page() -> None:
    """The canvas, and what the address says."""
    query = st.query_params
    st.title("Canvas")
    scales = [float(s) for s in query.get("scales", "0.5,1,1.5,2").split(",")]
    missing = {float(query["missing"])} if "missing" in query else set()
    canvas = scene(scales, missing, query.get("truth") != "0")
    if query.get("empty") == "1":
        canvas = replace(canvas, layers=(*canvas.layers, Layer("three", "arriving", "", (), (), {})))

    def taken(view: CanvasView) -> None:
        view.write(st.query_params)

    cam_canvas(canvas, CanvasView.from_query(query), key="canvas", on_change=taken)
    st.text(f"run {st.session_state.setdefault('runs', 0)}")
    st.session_state["runs"] += 1
    if st.button("Maps arrive") and "missing" in st.query_params:
        del st.query_params["missing"]
        st.rerun()


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    page()
