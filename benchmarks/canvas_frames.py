"""Frames a second of the CAM canvas while α is dragged: 2 checkpoints × 6 scales of a 500-pixel photograph.

Runs the canvas' own module in headless Chromium; α moves on every frame the browser offers. Prints the median
and the range of n runs for tiles fitted to a window of 1280 pixels and for tiles of actual pixels (500 × 375
each), and fails when a median is below 30. The CPU time that the page's main thread takes for a frame is shown
beside it: it says what other load on the machine hides.
"""

from __future__ import annotations

import base64
import io
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from frontend.canvas import Canvas, CanvasView, Layer, pack
from frontend.canvas.component import module, read
from ssenet.results import views_of

H, W, STRIDE, CLASSES = 375, 500, 8, 20
SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
CHECKPOINTS, RUNS, SECONDS, LEAST = 2, 7, 2.0, 30.0
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

MOUNT = """async ([source, blob]) => {
  const bytes = Uint8Array.from(atob(blob), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const { default: mount } = await import(url);
  mount({ parentElement: document.querySelector('#here'), data: bytes, setStateValue: () => {} });
}"""
DRAG = """async (seconds) => {
  const [slider, cam] = ['#alpha', '.cam'].map((name) => document.querySelector(name));
  const frames = () => Number(cam.dataset.frames);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const [first, upsamples, started] = [frames(), cam.dataset.upsamples, performance.now()];
  for (let step = 0; performance.now() < started + 1000 * seconds; step++) {
    slider.value = 0.1 + 0.6 * Math.abs(((step * 0.01) % 2) - 1);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await frame();
  }
  if (cam.dataset.upsamples !== upsamples) throw new Error('maps were upsampled during the drag');
  return [frames() - first, performance.now() - started];
}"""


def scene() -> Canvas:
    """Maps with large and small blobs, so that contours are long."""
    random = np.random.default_rng(0)

    def logits(scale: float) -> np.ndarray:
        small = random.normal(0, 3, (CLASSES, 12, 16)).astype(np.float32)
        size = round(W * scale / STRIDE), round(H * scale / STRIDE)
        return np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BICUBIC)) for one in small])

    names = tuple(f"class {k}" for k in range(CLASSES))
    scores = tuple(np.linspace(0.9, 0.1, CLASSES))
    layers = tuple(
        Layer(f"c{i}", f"checkpoint {i}", "", names, scores, {v: logits(v.scale) for v in views_of(SCALES, False)})
        for i in range(CHECKPOINTS)
    )
    noise = Image.fromarray(random.integers(0, 256, (H // 5, W // 5, 3), np.uint8)).resize((W, H))
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG")
    mask = random.integers(0, 3, (H // 25, W // 25)).astype(np.uint8).repeat(25, 0).repeat(25, 1)
    return Canvas(buffer.getvalue(), (H, W), layers, SCALES, False, mask, names[:2])


def mounted(page: Page, view: CanvasView) -> None:
    """The canvas, drawn once, in a page without Streamlit."""
    words = view.model_dump(mode="json", by_alias=True)
    blob = pack(scene(), key="bench", revision=repr(view), view=words)
    style = read("canvas.css").replace("var(--st-font)", "sans-serif")
    page.set_content(f"<style>{style}</style><div id='here'>{read('canvas.html')}</div>")
    page.evaluate(MOUNT, [module(), base64.b64encode(blob).decode()])
    page.wait_for_function("Number(document.querySelector('.cam').dataset.lookups) >= 14")


@dataclass(frozen=True)
class Run:
    """Frames a second, and CPU milliseconds of the main thread for each."""

    rate: float
    cpu: float


def measured(page: Page, view: CanvasView) -> list[Run]:
    """Drag several times."""
    mounted(page, view)
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = clock.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    def run(seconds: float) -> Run:
        before = busy()
        frames, milliseconds = page.evaluate(DRAG, seconds)
        return Run(1000 * frames / milliseconds, 1000 * (busy() - before) / frames)

    run(0.5)  # warms the script's compiler
    return [run(SECONDS) for _ in range(RUNS)]


def report(rows: dict[str, Sequence[Run]], browser: str) -> bool:
    """Print the table; whether every median suffices."""
    hardware = f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}, Chromium {browser}"
    tiles = f"{CHECKPOINTS} checkpoints × {len(SCALES)} scales and their mean, {W}×{H}, in a window of 1280"
    title = f"{tiles}, n = {RUNS}, {hardware}"
    table = Table("tiles", "median frames/s", "lowest", "highest", "CPU ms/frame", title=title)
    for name, runs in rows.items():
        rates = [run.rate for run in runs]
        numbers = statistics.median(rates), min(rates), max(rates), statistics.median(run.cpu for run in runs)
        table.add_row(name, *(f"{number:.1f}" for number in numbers))
    console = Console()
    console.print(table)
    enough = all(statistics.median(run.rate for run in runs) >= LEAST for runs in rows.values())
    console.print(f"At least {LEAST:g} frames a second: {'yes' if enough else 'NO'}")
    return enough


def main() -> None:
    path = os.environ.get("SSENET_CHROMIUM") or next((p for name in NAMES if (p := shutil.which(name))), None)
    if path is None:
        sys.exit("no Chromium: apt-get install chromium, or name one in SSENET_CHROMIUM")
    ways = {
        "fitted, heat": CanvasView(),
        "fitted, errors": CanvasView(overlay="errors"),
        "actual pixels, heat": CanvasView(pixels=True),
        "actual pixels, errors": CanvasView(pixels=True, overlay="errors"),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        rows = {name: measured(page, view) for name, view in ways.items()}
        enough = report(rows, browser.version)
        browser.close()
    sys.exit(not enough)


if __name__ == "__main__":
    main()
