"""The canvas' Python side: its blob, its address, and when the browser's view is overruled."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from frontend.canvas import HIGHEST, Canvas, CanvasView, Layer, pack, unpack
from frontend.canvas.blob import header_of
from frontend.canvas.component import SCRIPTS, diverging, module, read
from ssenet.render import colormap, colormaps
from ssenet.results import View


# The blob -------------------------------------------------------------------------------------------
@st.composite
def canvases(draw: Callable[..., object]) -> Canvas:
    """Canvases of all shapes: no class, no layer, missing views, odd sizes."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    scales = draw(st.lists(st.sampled_from([0.5, 0.75, 1.0, 2.0]), unique=True, max_size=3))
    views = [View(scale=s, flip=f) for s in scales for f in (False, True)]

    def layer(key: int) -> Layer:
        names = draw(st.lists(st.text(max_size=5), max_size=3, unique=True))
        there = draw(st.lists(st.sampled_from(views), unique=True)) if views else []
        shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
        maps = {v: random.normal(0, 9, (len(names), *shape)).astype(np.float16) for v in there}
        return Layer(str(key), draw(st.text(max_size=9)), "", tuple(names), tuple(random.random(len(names))), maps)

    layers = tuple(layer(key) for key in range(draw(st.integers(0, 3))))
    mask = random.integers(0, 256, size).astype(np.uint8) if draw(st.booleans()) else None
    return Canvas(draw(st.binary(max_size=9)), size, layers, tuple(scales), draw(st.booleans()), mask, ("a", "ä"))


@settings(max_examples=60, deadline=None)
@given(canvases())
def test_unpacking_gives_back_what_was_packed(canvas: Canvas) -> None:
    back = unpack(pack(canvas))
    assert (back.photograph, back.size, back.scales, back.flip) == (
        canvas.photograph,
        canvas.size,
        canvas.scales,
        canvas.flip,
    )
    assert back.mask_classes == canvas.mask_classes and (back.mask is None) == (canvas.mask is None)
    if canvas.mask is not None:
        np.testing.assert_array_equal(back.mask, canvas.mask)
    for mine, theirs in zip(back.layers, canvas.layers, strict=True):
        assert (mine.key, mine.title, mine.classes, mine.scores) == (
            theirs.key,
            theirs.title,
            theirs.classes,
            theirs.scores,
        )
        assert set(mine.maps) == set(theirs.maps)
        for view, logits in theirs.maps.items():
            np.testing.assert_array_equal(mine.maps[view], logits)


def one_layer(logits: np.ndarray, view: View | None = None, **words: object) -> Canvas:
    names = tuple("abcdefgh"[: len(logits)])
    layer = Layer("k", "title", "", names, (0.5,) * len(names), {view or View(scale=1): logits})
    return Canvas(b"png", (4, 6), (layer,), (1.0,), False, **words)  # type: ignore[arg-type]


def test_parts_are_aligned_and_the_header_comes_first() -> None:
    blob = pack(one_layer(np.ones((3, 1, 1)), mask=np.zeros((4, 6), np.uint8)))
    header = header_of(blob)
    assert (4 + int.from_bytes(blob[:4], "little")) % 4 == 0
    places = [header["layers"][0]["maps"][0], header["mask"], header["photograph"]]
    assert [p["offset"] % 4 for p in places] == [0, 0, 0] and len(blob) % 4 == 0


def test_logits_beyond_float16_are_bounded_not_infinite() -> None:
    back = unpack(pack(one_layer(np.full((1, 2, 2), 1e6))))
    assert np.isfinite(back.layers[0].maps[View(scale=1)]).all()


@pytest.mark.parametrize(
    "canvas",
    [
        one_layer(np.ones((2, 3))),
        one_layer(np.ones((1, 2, 2)), View(scale=1, rotation=20)),
        one_layer(np.ones((1, 2, 2)), mask=np.zeros((6, 4), np.uint8)),
        Canvas(b"", (1, 1), (Layer("k", "t", "", ("a",), (), {}),), (), False),
    ],
)
def test_wrong_shapes_are_refused(canvas: Canvas) -> None:
    with pytest.raises(ValueError, match=r"maps|mask|classes|rotated"):
        pack(canvas)


def test_same_canvas_same_bytes() -> None:
    assert pack(one_layer(np.ones((2, 3, 3)))) == pack(one_layer(np.ones((2, 3, 3))))


# The address ------------------------------------------------------------------------------------------
fractions = st.floats(0, 1)
VIEWS = st.builds(
    CanvasView,
    alpha=fractions,
    opacity=fractions,
    colours=st.sampled_from(colormaps()),
    normalisation=st.sampled_from(["eq3", "shared", "none"]),
    class_=st.text(min_size=1, max_size=20),
    mode=st.sampled_from(["strip", "swipe", "difference"]),
    a=st.text(max_size=20),
    b=st.text(max_size=20),
    overlay=st.sampled_from(["heat", "mask", "errors"]),
    contour=st.booleans(),
    pixels=st.booleans(),
    zoom=st.floats(1, 32),
    x=fractions,
    y=fractions,
    swipe=fractions,
    probe=st.none() | st.tuples(fractions, fractions),
    values=st.sampled_from(["normalised", "raw"]),
)


@settings(deadline=None)
@given(VIEWS)
def test_an_address_gives_back_an_equal_view(view: CanvasView) -> None:
    assert CanvasView.from_query(view.to_query()) == view
    through_the_browser = json.loads(json.dumps(view.model_dump(mode="json", by_alias=True)))
    assert CanvasView.model_validate(through_the_browser) == view


def test_a_fresh_view_writes_nothing_and_is_the_papers() -> None:
    assert CanvasView().to_query() == {}
    assert (CanvasView().alpha, CanvasView().normalisation, CanvasView().class_) == (0.2, "eq3", HIGHEST)


def test_what_an_address_says_wrongly_is_left_out() -> None:
    query = {"alpha": "2", "colours": "pink", "zoom": "nan", "probe": "0.5", "class": "dog", "contour": "no", "x": "a"}
    assert CanvasView.from_query(query) == CanvasView(class_="dog", contour=False)


def test_writing_a_view_leaves_other_parameters() -> None:
    query = {"image": "7", "alpha": "0.5", "mode": "swipe"}
    CanvasView(colours="jet").write(query)
    assert query == {"image": "7", "colours": "jet"}


# The page and the browser -------------------------------------------------------------------------------
def script() -> None:
    import numpy as np
    import streamlit as st

    from frontend.canvas import Canvas, CanvasView, Layer, cam_canvas
    from ssenet.results import View

    layer = Layer("k", "title", "", ("dog",), (0.5,), {View(scale=1): np.ones((1, 2, 2))})
    canvas = Canvas(b"png", (4, 6), (layer,), (1.0,), False)
    cam_canvas(canvas, CanvasView.from_query(st.query_params), key="canvas", on_change=lambda view: None)


def sent(app: AppTest) -> bytes:
    app.run()
    assert not app.exception
    return bytes(app.get("bidi_component")[0].proto.bytes)


def test_an_unchanged_view_sends_the_same_bytes_and_an_address_another_revision() -> None:
    app = AppTest.from_function(script)
    first = sent(app)
    assert sent(app) == first, "a rerun must not send the maps again"
    app.query_params["alpha"] = "0.5"
    second = header_of(sent(app))
    assert second["view"]["alpha"] == 0.5 and second["revision"] != header_of(first)["revision"]


def test_a_view_that_the_browser_reported_changes_nothing() -> None:
    app = AppTest.from_function(script)
    first = sent(app)
    seen = app.session_state["canvas seen"]
    app.session_state["canvas seen"] = type(seen)(seen.sent, CanvasView(alpha=0.5), seen.revision)
    app.query_params["alpha"] = "0.5"
    assert sent(app) == first


# The module --------------------------------------------------------------------------------------------------
def test_the_module_holds_every_script_and_the_papers_colour_tables() -> None:
    text = module()
    assert all(read(f"{name}.js") in text for name in SCRIPTS) and text.count("export default") == 1
    tables = json.loads(text.split("\n", 1)[0].removeprefix("const COLOUR_TABLES = ").rstrip(";"))
    for name in colormaps():
        assert bytes.fromhex(tables[name]) == colormap(name).tobytes()


def test_the_diverging_map_is_symmetric_about_a_neutral_zero() -> None:
    table = diverging().astype(int)
    middle = table[500]
    assert len(table) == 1001 and middle.max() == middle.min()
    lightness = table @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(lightness[:501]) >= -0.51).all() and (np.diff(lightness[500:]) <= 0.51).all()
    assert (table[:500, 2] >= table[:500, 0]).all() and (table[501:, 0] >= table[501:, 2]).all()
