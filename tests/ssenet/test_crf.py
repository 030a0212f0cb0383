"""Dense CRF: against mean field written out, and its presets."""

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from ssenet.config import CrfChoice
from ssenet.crf import PRESETS, CrfParameters, DenseCrf, check_available, normalised, parameters, unary, unavailable
from ssenet.errors import SettingsError

Floats = NDArray[np.float32]


def picture(height: int = 9, width: int = 11, seed: int = 0) -> NDArray[np.uint8]:
    """Two halves of different colour, with noise."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 60)
    image[:, width // 2 :] = 180
    return (image + rng.integers(-8, 8, image.shape)).astype(np.uint8)


def scores_of(image: NDArray[np.uint8], labels: int, seed: int = 1) -> Floats:
    """Noisy scores, a little better in their part of the photograph."""
    rng = np.random.default_rng(seed)
    scores = rng.random((labels, *image.shape[:2]), np.float32)
    scores[0, :, : image.shape[1] // 2] += 0.3
    return np.clip(scores, 0, 1)


def exact_mean_field(image: NDArray[np.uint8], scores: Floats, p: CrfParameters) -> Floats:
    """Mean field with all pairs of pixels written out, (n, n) a kernel; Krähenbühl and Koltun, Eqs. 3 to 6."""
    height, width = image.shape[:2]
    rows, columns = np.indices((height, width))
    place = np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.float64)
    colour = image.reshape(-1, 3).astype(np.float64)
    smooth = place / p.gaussian_sxy
    appearance = np.concatenate([place / p.bilateral_sxy, colour / p.bilateral_srgb], axis=1)
    message = np.zeros((len(place), len(place)))
    for features, weight in ((smooth, p.gaussian_compat), (appearance, p.bilateral_compat)):
        kernel = np.exp(-0.5 * ((features[:, None] - features[None]) ** 2).sum(-1))
        norm = 1 / np.sqrt(kernel.sum(1))
        message += weight * norm[:, None] * kernel * norm[None]
    energy = -np.log(np.clip(scores.reshape(len(scores), -1), 1e-5, 1))
    q = np.exp(-energy) / np.exp(-energy).sum(0)
    for _ in range(p.iterations):
        q = np.exp(-energy + q @ message)
        q /= q.sum(0)
    return q.reshape(scores.shape).astype(np.float32)


# The library filters on a permutohedral lattice, which approximates the Gaussians: labels agree
# where they are clear, probabilities to some hundredths.
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "p",
    [
        CrfParameters("psa", iterations=1),
        CrfParameters("psa", iterations=5, gaussian_compat=1, bilateral_compat=2),
        CrfParameters("psa", iterations=3, bilateral_compat=0),
        CrfParameters("psa", iterations=3, gaussian_compat=0, bilateral_compat=2, bilateral_sxy=5),
    ],
)
def test_mean_field_written_out(p: CrfParameters, seed: int) -> None:
    image = picture(seed=seed)
    scores = scores_of(image, 3, seed + 10)
    exact, refined = exact_mean_field(image, scores, p), DenseCrf(image, 3, p).refine(scores)
    assert np.abs(refined - exact).mean() < 0.03
    clear = np.sort(exact, axis=0)[-1] > 0.6
    assert clear.mean() > 0.3
    assert (refined.argmax(0) == exact.argmax(0))[clear].mean() > 0.97
    unrefined = normalised(scores)
    assert np.abs(unrefined - exact).mean() > 2 * np.abs(refined - exact).mean()


def test_a_lattice_used_again_gives_what_a_fresh_one_gives() -> None:
    image = picture(40, 50)
    p = PRESETS["psa"]
    one, other = scores_of(image, 4, 1), scores_of(image, 4, 2)
    reused = DenseCrf(image, 4, p)
    first = reused.refine(one)
    assert np.array_equal(reused.refine(other), DenseCrf(image, 4, p).refine(other))
    assert np.array_equal(reused.refine(one), first)


def test_iterations_can_be_chosen_for_each_refinement() -> None:
    image = picture()
    scores = scores_of(image, 2)
    crf = DenseCrf(image, 2, PRESETS["psa"])
    np.testing.assert_allclose(crf.refine(scores, iterations=0), normalised(np.clip(scores, 1e-5, 1)), atol=1e-5)
    for steps in (1, 5):
        fresh = DenseCrf(image, 2, CrfParameters("psa", iterations=steps)).refine(scores)
        assert np.array_equal(crf.refine(scores, iterations=steps), fresh)


@pytest.mark.parametrize("labels", [2, 5])
def test_results_are_probabilities_whatever_the_memory_layout(labels: int) -> None:
    image = np.asfortranarray(picture())[:, ::-1]
    scores = np.moveaxis(np.ascontiguousarray(np.moveaxis(scores_of(image, labels), 0, -1)), -1, 0)
    assert not scores.flags.c_contiguous and not image.flags.c_contiguous
    refined = DenseCrf(image, labels, PRESETS["psa"]).refine(scores)
    assert refined.dtype == np.float32 and refined.shape == scores.shape
    np.testing.assert_allclose(refined.sum(0), 1, atol=1e-5)
    straight = DenseCrf(np.ascontiguousarray(image), labels, PRESETS["psa"]).refine(np.ascontiguousarray(scores))
    assert np.array_equal(refined, straight)


def test_one_label_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    crf = DenseCrf(picture(), 1, PRESETS["psa"])
    assert np.array_equal(crf.refine(np.full((1, 9, 11), 0.3, np.float32)), np.ones((1, 9, 11), np.float32))
    assert np.array_equal(crf.refine(np.zeros((1, 9, 11), np.float32)), np.ones((1, 9, 11), np.float32))
    with pytest.raises(SettingsError, match="crf=off"):
        DenseCrf(picture(), 2, PRESETS["psa"])


def test_scores_of_another_size_are_refused() -> None:
    crf = DenseCrf(picture(), 2, PRESETS["psa"])
    for shape in ((3, 9, 11), (2, 11, 9)):
        with pytest.raises(ValueError, match="for 2 labels"):
            crf.refine(np.zeros(shape, np.float32))


def test_energies_of_hard_labels() -> None:
    scores = np.array([[[0.2, 0.5, 0.1]], [[0.7, 0.5, 0.3]], [[0.1, 0.1, 0.3]]], np.float32)
    shares = np.exp(-unary(scores, 0.7)).T
    np.testing.assert_allclose(shares, [[0.15, 0.7, 0.15], [0.7, 0.15, 0.15], [0.15, 0.7, 0.15]], rtol=1e-5)


def test_an_empty_parameter_takes_the_presets() -> None:
    assert parameters(CrfChoice(crf="off")) is None
    assert parameters(CrfChoice(crf="psa")) == CrfParameters("psa", 10, 3, 3, 80, 13, 10, None)
    assert parameters(CrfChoice(crf="irn")) == CrfParameters("irn", 10, 3, 3, 50, 5, 10, 0.7)
    assert parameters(CrfChoice(crf="seam")) == CrfParameters("seam", 1, 3, 3, 32, 13, 10, None)
    changed = parameters(CrfChoice(crf="seam", crf_iterations=0, bilateral_srgb=4, gaussian_compat=0))
    assert changed == CrfParameters("seam", 0, 3, 0, 32, 4, 10, None)


def test_words_for_the_protocol() -> None:
    assert str(PRESETS["psa"]) == ("dense CRF (psa): 10 iterations, smoothness 3 px × 3, appearance 80 px, 13 RGB × 10")
    assert str(PRESETS["irn"]).endswith("from hard labels of probability 0.7")


def test_the_reason_is_given_when_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unavailable() is None
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    assert "does not load" in (unavailable() or "")
    monkeypatch.setattr("ssenet.crf.find_spec", lambda name: None)
    assert "not installed" in (unavailable() or "")
    with pytest.raises(SettingsError, match="not installed"):
        check_available(CrfChoice(crf="psa"))
    check_available(CrfChoice(crf="off"))


def test_a_read_only_photograph_is_as_good_as_another() -> None:
    image = picture()
    scores = scores_of(image, 2)
    expected = DenseCrf(image, 2, PRESETS["psa"]).refine(scores)
    image.setflags(write=False)
    np.testing.assert_array_equal(DenseCrf(image, 2, PRESETS["psa"]).refine(scores), expected)
