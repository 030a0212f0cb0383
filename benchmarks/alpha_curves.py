"""α curves: one histogram against sixty passes over the pixels, in one run.

Prints the median and the interquartile range of n runs, and their ratio.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from ssenet.curves import curve
from ssenet.histograms import AlphaHistogram

IMAGES, HEIGHT, WIDTH, CLASSES, THRESHOLDS, RUNS = 6, 375, 500, 20, 60, 5


def images() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    random = np.random.default_rng(0)
    shape = (HEIGHT, WIDTH)
    return [
        (
            random.integers(0, CLASSES + 1, shape).astype(np.uint8),
            random.integers(1, CLASSES + 1, shape),
            random.random(shape, np.float32),
        )
        for _ in range(IMAGES)
    ]


def one_pass(data: list[tuple[np.ndarray, ...]]) -> float:
    return curve(AlphaHistogram.join([AlphaHistogram.of_image(*one, CLASSES) for one in data])).best()[1]


def sixty_passes(data: list[tuple[np.ndarray, ...]]) -> float:
    best = 0.0
    for alpha in np.arange(THRESHOLDS, dtype=np.float32) / 100:
        confusion = np.zeros((CLASSES + 1) ** 2, np.int64)
        for truth, winner, score in data:
            prediction = np.where(score > alpha, winner, 0)
            pairs = truth.astype(np.int64) * (CLASSES + 1) + prediction
            confusion += np.bincount(pairs.ravel(), minlength=(CLASSES + 1) ** 2)
        table = confusion.reshape(CLASSES + 1, -1)
        hit = np.diag(table)
        best = max(best, float((hit / (table.sum(0) + table.sum(1) - hit)).mean()))
    return best


def timed(work: Callable[[], object]) -> list[float]:
    out = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        out.append(1000 * (time.perf_counter() - started))
    return out


def main() -> None:
    data = images()
    rows = {"one histogram, 1007 thresholds": timed(lambda: one_pass(data))}
    rows[f"{THRESHOLDS} passes"] = timed(lambda: sixty_passes(data))
    hardware = f"{os.cpu_count()} cores, {platform.machine()}"
    title = f"{IMAGES} images of {WIDTH}×{HEIGHT}, {CLASSES} classes, n = {RUNS}, {hardware}"
    table = Table("way", "median ms", "interquartile range ms", title=title)
    for name, times in rows.items():
        low, _, high = statistics.quantiles(times, n=4)
        table.add_row(name, f"{statistics.median(times):.1f}", f"{low:.1f} to {high:.1f}")
    one, sixty = (statistics.median(times) for times in rows.values())
    console = Console()
    console.print(table)
    console.print(f"One histogram is {sixty / one:.1f} times as fast.")


if __name__ == "__main__":
    main()
