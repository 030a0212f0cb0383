"""The canvas' arithmetic in Chromium, and numpy's, against torch; what a blob carries comes out as it went in."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page
from torch.nn import functional as F

from frontend.canvas import Canvas, Layer, pack
from frontend.canvas.component import read
from ssenet.histograms import EDGES, nearest_edge
from ssenet.render import EPSILON, aggregate, normalise, upsample
from ssenet.results import View

pytestmark = pytest.mark.browser

TOLERANCE = 1e-3
SHAPES = [
    ((47, 63), (375, 500)),
    ((10, 13), (75, 101)),
    ((7, 5), (7, 5)),
    ((1, 1), (33, 17)),
    ((1, 9), (64, 3)),
    ((31, 45), (11, 13)),
    ((94, 125), (375, 500)),
    ((13, 2), (5, 257)),
]


@pytest.fixture(scope="module")
def numbers(browser: Browser) -> Iterator[Page]:
    """A blank page with the canvas' computing scripts."""
    page = browser.new_page()
    page.add_script_tag(content="\n".join(read(f"{name}.js") for name in ("numbers", "counts", "maps")))
    yield page
    page.close()


@pytest.fixture(scope="module")
def parity(request: pytest.FixtureRequest) -> Iterator[dict[str, float]]:
    """Largest error by what was compared; printed when the module is done."""
    worst: dict[str, float] = {}
    yield worst
    plugins = request.config.pluginmanager
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():
        for name, error in worst.items():
            line = f"parity with torch, largest error of {name}: {error:.1e} (at most {TOLERANCE:g})"
            plugins.getplugin("terminalreporter").write_line(line)


def sent(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


DECODE = "const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);"
ENCODE = """const answer = (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};"""


def run(page: Page, body: str, argument: object, dtype: Any = np.float32) -> np.ndarray:
    """What the body of a function of ``given`` returns as a typed array."""
    text = page.evaluate(f"(given) => {{ {DECODE} {ENCODE} {body} }}", argument)
    return np.frombuffer(base64.b64decode(text), dtype)


def in_browser(page: Page, coarse: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Upsampled map, and its Eq. 3, of one coarse map (h, w)."""
    given = {"map": sent(coarse.astype(np.float32)), "from": coarse.shape, "to": size}
    up = "const map = upsample(floats(given.map), ...given.from, ...given.to);"
    raw = run(page, f"{up} return answer(map);", given)
    relu = "const kept = new Float32Array(map.length); addRelu(kept, map);"
    eq3 = run(page, f"{up} {relu} return answer(normaliseMap(kept, normalisation('eq3', peakOf(kept))));", given)
    return raw.reshape(size), eq3.reshape(size)


def in_torch(coarse: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The same, from Eq. 3's own words."""
    raw = F.interpolate(torch.from_numpy(coarse.astype(np.float32))[None, None], size, mode="bilinear")[0, 0]
    y = torch.relu(raw)
    return raw.numpy(), (torch.relu(y - 1e-5) / (y.max() + 1e-5)).numpy()


def in_numpy(coarse: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The same by ``ssenet.render``."""
    raw = upsample(coarse.astype(np.float32)[None], size)
    return raw[0], normalise(np.maximum(raw, 0))[0]


def test_every_float16_is_decoded_exactly(numbers: Page) -> None:
    bits = np.arange(65536, dtype=np.uint16)
    decoded = run(numbers, "return answer(decodeHalf(Uint16Array.from({ length: 65536 }, (_, i) => i)));", None)
    np.testing.assert_array_equal(decoded, bits.view(np.float16).astype(np.float32))


@pytest.mark.parametrize(("small", "size"), SHAPES, ids=lambda s: "x".join(map(str, s)))
def test_random_maps_equal_torch(
    numbers: Page, parity: dict[str, float], small: tuple[int, int], size: tuple[int, int]
) -> None:
    coarse = np.random.default_rng(7).normal(0, 6, small).astype(np.float32)
    expected = in_torch(coarse, size)
    for name, got in (("JavaScript", in_browser(numbers, coarse, size)), ("numpy", in_numpy(coarse, size))):
        for kind, mine, theirs in zip(("upsampled logits", "Eq. 3"), got, expected, strict=True):
            error = float(np.abs(mine - theirs).max())
            key = f"{name}, {kind} of random maps"
            parity[key] = max(error, parity.get(key, 0.0))
            assert error <= TOLERANCE


def test_golden_logits_equal_torch_through_float16(golden, numbers: Page, parity: dict[str, float]) -> None:
    size = golden["image"].shape[:2]
    for coarse in golden["cam_logits_stride8"]:
        expected = in_torch(coarse, size)[1]
        ways = {
            "JavaScript": in_browser(numbers, coarse, size)[1],
            "numpy": in_numpy(coarse, size)[1],
            "JavaScript, logits sent as float16": in_browser(numbers, coarse.astype(np.float16), size)[1],
        }
        for name, got in ways.items():
            error = float(np.abs(got - expected).max())
            key = f"{name}, Eq. 3 of the golden logits"
            parity[key] = max(error, parity.get(key, 0.0))
            assert error <= TOLERANCE


def scene_canvas() -> Canvas:
    random = np.random.default_rng(3)
    maps = {
        View(scale=s, flip=f): random.normal(0.5, 3, (3, round(24 * s), round(32 * s))).astype(np.float16)
        for s in (0.5, 1.0, 1.5)
        for f in (False, True)
    }
    mask = random.choice(np.array([0, 1, 2, 255], np.uint8), (95, 127))
    layer = Layer("one", "baseline", "", ("cat", "dog", "owl"), (0.9, 0.5, 0.1), maps)
    return Canvas(b"not looked at", (95, 127), (layer,), (0.5, 1.0, 1.5), True, mask, ("dog", "cat"))


SCENE = """const scene = new Scene(() => {});
scene.load(Uint8Array.from(atob(given.blob), (c) => c.charCodeAt(0)));
const layer = scene.layers[0];"""


@pytest.mark.parametrize("how", ["eq3", "shared", "none"])
@pytest.mark.parametrize("column", ["0.5", "1.5", "MS"])
def test_blob_to_normalised_map_equals_render(numbers: Page, column: str, how: Any) -> None:
    canvas = scene_canvas()
    given = {"blob": base64.b64encode(pack(canvas)).decode(), "column": column, "how": how}
    body = "const map = scene.map(layer, given.column, 1); const norm = normalisation(given.how, map.peak, map.peak);"
    got = run(numbers, f"{SCENE} {body} return answer(normaliseMap(map.raw, norm));", given).reshape(canvas.size)
    views = {v: m for v, m in canvas.layers[0].maps.items() if column in ("MS", f"{v.scale:g}")}
    mean = aggregate(views, canvas.size, [1]) / np.float32(len(views))
    np.testing.assert_allclose(got, normalise(mean, how)[0], atol=TOLERANCE)
    coarse = [torch.tensor(m[None], dtype=torch.float32) for m in views.values()]
    upsampled = [F.interpolate(m, canvas.size, mode="bilinear") for m in coarse]
    in_torch_mean = torch.stack(upsampled).relu().mean(0)[0, 1]
    np.testing.assert_allclose(mean[0], in_torch_mean.numpy(), atol=TOLERANCE)


@pytest.mark.parametrize("alpha", [0.0, 0.001, 0.2, 0.275, 0.999, 1.0])
def test_figures_under_a_tile_equal_counting_pixels(numbers: Page, alpha: float) -> None:
    canvas = scene_canvas()
    given = {"blob": base64.b64encode(pack(canvas)).decode(), "alpha": alpha}
    body = """const map = scene.map(layer, 'MS', 0);
      const norm = normalisation('eq3', map.peak, 0);
      const binned = scene.binned(map, norm, scene.label('cat'));
      const f = figuresAt(binned.counts, edgeIndex(given.alpha), true);
      const inside = binned.packed.map((p) => Number((p & BIN_MASK) > edgeIndex(given.alpha)));
      return answer(Float64Array.of(f.area, f.tp, f.fp, f.fn, ...inside, ...normaliseMap(map.raw, norm)));"""
    answer = run(numbers, f"{SCENE} {body}", given, np.float64)
    (area, tp, fp, fn), rest = answer[:4], answer[4:]
    inside, score = rest.reshape(2, *canvas.size)
    above = score.astype(np.float32) > EDGES[nearest_edge(alpha)]
    np.testing.assert_array_equal(inside, above)
    assert canvas.mask is not None
    is_cat, counted = canvas.mask == 2, canvas.mask != 255
    assert (tp, fp, fn) == ((above & is_cat).sum(), (above & ~is_cat & counted).sum(), (~above & is_cat).sum())
    assert area == pytest.approx(above.mean())


def test_no_pixel_is_undefined_not_zero(numbers: Page) -> None:
    body = """const zero = { above: [[0], [0], [0]], all: [4, 0, 0], pixels: 4 };
      const one = figuresAt(zero, 0, true);
      const found = figuresAt({ above: [[2], [0], [0]], all: [4, 3, 0], pixels: 7 }, 0, true);
      return JSON.stringify([one.iou, one.fnOverTp, one.fpOverTp, found.iou, found.fnOverTp]);"""
    assert numbers.evaluate(f"() => {{ {body} }}") == "[null,null,null,0,null]"


def test_epsilon_is_the_same_everywhere(numbers: Page) -> None:
    assert numbers.evaluate("EPSILON") == float(EPSILON)
