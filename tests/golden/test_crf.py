"""Parity of the dense CRF with the released code's scores."""

import numpy as np
import pytest

from ssenet.config import CrfOptions
from ssenet.crf import DenseCrf, parameters
from ssenet.refine.maps import with_background


@pytest.fixture(scope="module")
def crf(golden) -> DenseCrf:
    """The preset that SSENet used, for the three classes of the golden photograph and the background."""
    chosen = parameters(CrfOptions())
    assert chosen is not None
    return DenseCrf(golden["image"], 4, chosen)


@pytest.mark.parametrize("power", [4, 24])
def test_scores_under_both_backgrounds(golden, crf: DenseCrf, power: int) -> None:
    # One object refines both, so the second use of its lattice is held to the released numbers, too.
    refined = crf.refine(with_background(golden["multiscale_cam"], power))
    np.testing.assert_allclose(refined, golden[f"crf_alpha_{power}"], atol=1e-4)


def test_one_iteration_is_something_else(golden, crf: DenseCrf) -> None:
    refined = crf.refine(with_background(golden["multiscale_cam"], 4), iterations=1)
    assert np.abs(refined - golden["crf_alpha_4"]).max() > 0.1
