"""The random walk: sparse steps against repeated dense squaring, and the memory of a large photograph.

Time: affinities of 375 × 500 pixels at stride 8 are given; background and three classes
take 2^8 steps. The dense way squares the n × n matrix eight times in float32 and
multiplies once. Memory: features of 3000 × 2000 pixels at stride 8 become affinities and
then walk; how far the peak of the process rises is measured in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import platform
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import psutil
import torch
from rich.console import Console
from rich.table import Table

from ssenet.affinity.distances import pair_affinities
from ssenet.affinity.memory import predicted_memory
from ssenet.affinity.network import CHANNELS
from ssenet.affinity.pairs import PairAffinities, PairGrid
from ssenet.affinity.walk import random_walk

RADIUS, BETA, LOG_STEPS, SCORES, RUNS, STRIDE = 5, 8.0, 8, 4, 5, 8
SMALL, LARGE = (375, 500), (2000, 3000)
LIMIT = 2e9


def grid_of(size: tuple[int, int]) -> PairGrid:
    return PairGrid((-(-size[0] // STRIDE), -(-size[1] // STRIDE)), RADIUS)


def made_up(grid: PairGrid) -> tuple[PairAffinities, np.ndarray]:
    random = np.random.default_rng(0)
    values = np.exp(-random.gamma(1, 0.1, (len(grid.offsets), *grid.inner))).astype(np.float32)
    return PairAffinities(grid, values), random.random((SCORES, *grid.size), np.float32)


def dense_walk(scores: np.ndarray, pairs: PairAffinities) -> np.ndarray:
    """M·T^256 by squaring, as the released code computes it."""
    height, width = pairs.grid.size
    index = np.arange(height * width).reshape(height, width)
    matrix = np.eye(height * width, dtype=np.float32)
    start = pairs.grid.at(index).ravel()
    for (dy, dx), values in zip(pairs.grid.offsets, pairs.values, strict=True):
        end = start + dy * width + dx
        matrix[start, end] = matrix[end, start] = values.ravel() ** np.float32(BETA)
    transition = torch.from_numpy(matrix / matrix.sum(axis=0))
    for _ in range(LOG_STEPS):
        transition = transition @ transition
    return (torch.from_numpy(scores.reshape(len(scores), -1)) @ transition).numpy().reshape(scores.shape)


def timed(work: Callable[[], np.ndarray]) -> tuple[list[float], np.ndarray]:
    times, result = [], work()
    for _ in range(RUNS):
        started = time.perf_counter()
        result = work()
        times.append(1000 * (time.perf_counter() - started))
    return times, result


def peak_growth() -> int:
    """Bytes by which the peak of this process rises: features → affinities → walk."""
    grid = grid_of(LARGE)
    pairs, scores = made_up(PairGrid((20, 20), RADIUS))
    random_walk(scores, pairs, BETA, 0)  # code and libraries are loaded now
    before = psutil.Process().memory_info().rss
    with torch.inference_mode():
        features = torch.rand(1, CHANNELS, *grid.size)
        values = pair_affinities(features, grid)[0].numpy()
    del features
    scores = np.random.default_rng(0).random((SCORES, *grid.size), np.float32)
    random_walk(scores, PairAffinities(grid, values), BETA, LOG_STEPS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before


def compare_times(console: Console) -> None:
    grid = grid_of(SMALL)
    pairs, scores = made_up(grid)
    sparse, result = timed(lambda: random_walk(scores, pairs, BETA, LOG_STEPS))
    dense, expected = timed(lambda: dense_walk(scores, pairs))
    cells = grid.size[0] * grid.size[1]
    hardware = f"{platform.machine()}, {psutil.cpu_count()} cores, torch with {torch.get_num_threads()} threads"
    table = Table("way", "median ms", "interquartile range ms", title=f"n = {cells} cells, {RUNS} runs, {hardware}")
    for name, times in (("sparse steps, float64", sparse), ("dense squaring, float32", dense)):
        low, middle, high = statistics.quantiles(times, n=4)
        table.add_row(name, f"{middle:.1f}", f"{low:.1f} to {high:.1f}")
    console.print(table)
    ratio = statistics.median(dense) / statistics.median(sparse)
    console.print(f"Sparse steps are {ratio:.0f} times as fast (at least 20 wanted).")
    console.print(f"Largest difference of the results: {np.abs(result - expected).max():.1e}.")


def show_memory(console: Console) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        growth = pool.apply(peak_growth)
    grid = grid_of(LARGE)
    cells = grid.size[0] * grid.size[1]
    predicted = predicted_memory(*LARGE, CHANNELS, stride=STRIDE, radius=RADIUS, classes=SCORES, pixel_bytes=0)
    console.print(
        f"{LARGE[1]} × {LARGE[0]} pixels, {cells} cells × {len(grid.offsets)} offsets: the peak rises by "
        f"{growth / 1e9:.2f} GB (at most {LIMIT / 1e9:.0f} wanted, {predicted / 1e9:.2f} predicted; "
        f"one dense float32 matrix would take {4 * cells**2 / 1e9:.0f} GB)."
    )


def main() -> None:
    console = Console()
    compare_times(console)
    show_memory(console)


if __name__ == "__main__":
    main()
