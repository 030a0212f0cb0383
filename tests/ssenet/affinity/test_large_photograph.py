"""A photograph of 3000 × 2000 pixels at stride 8, in a process of its own."""

import subprocess
import sys

import pytest

CODE = """
import resource
import numpy as np, psutil, torch
from ssenet.affinity.distances import pair_affinities
from ssenet.affinity.memory import predicted_memory
from ssenet.affinity.network import CHANNELS
from ssenet.affinity.pairs import PairAffinities, PairGrid
from ssenet.affinity.walk import random_walk

grid = PairGrid((250, 375), 5)
before = psutil.Process().memory_info().rss
with torch.inference_mode():
    values = pair_affinities(torch.rand(1, CHANNELS, *grid.size), grid)[0].numpy()
random_walk(np.ones((4, *grid.size), np.float32), PairAffinities(grid, values), 8, 2)
growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
predicted = predicted_memory(2000, 3000, CHANNELS, stride=8, radius=5, classes=4, pixel_bytes=0)
print(growth, predicted)
"""


@pytest.mark.slow
def test_features_affinities_and_walk_stay_below_two_gigabytes() -> None:
    out = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    growth, predicted = (int(n) for n in out.stdout.split())
    assert growth < 2e9
    assert growth < 1.1 * predicted  # what is said before the work is no less than what is taken
