"""The aggregation lab's orders of operations, against the equations written out and against the evaluation."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_sets import SCALES, tiny_set
from tiny_training import SPEC
from torch.nn import functional as F

from ssenet.analysis.aggregation import GRID, Aggregation, AggregationCounts, aggregated, offered, score_part
from ssenet.config import EvaluateSettings
from ssenet.curves import counts
from ssenet.data import open_dataset
from ssenet.errors import SettingsError
from ssenet.evaluate import evaluate_set
from ssenet.refine.photographs import Photographs
from ssenet.render import scaled_size
from ssenet.results import MULTI_SCALE, View, views_of
from ssenet.sets import ImageSet
from ssenet.weights.builtin import builtin

SIZE = (37, 50)
EPS = 1e-5


def logits(seed: int = 0) -> dict[View, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {v: rng.normal(size=(2, *shape_of(v.scale))).astype(np.float32) for v in views_of(SCALES, True)}


def shape_of(scale: float) -> tuple[int, int]:
    return max(1, round(SIZE[0] * scale / 8)), max(1, round(SIZE[1] * scale / 8))


def resized(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return F.interpolate(torch.tensor(maps)[None], size=size, mode="bilinear", align_corners=False)[0].numpy()


def by_the_words(coarse: dict[View, np.ndarray], how: Aggregation) -> np.ndarray:
    """What the settings' descriptions say, step by step in float64 where it matters."""

    def eq3(y: np.ndarray) -> np.ndarray:
        peak = y.max(axis=(1, 2), keepdims=True)
        return (y if how.relu == "official" else np.maximum(y - EPS, 0)) / (peak + EPS)

    maps = []
    for view in how.views:
        y = coarse[view]
        if how.relu == "coarse":
            y = resized(np.maximum(y, 0), SIZE)
        elif how.relu == "official":
            y = resized(np.maximum(resized(y, scaled_size(SIZE, view.scale)), 0), SIZE)
        else:
            y = resized(y, SIZE)
            y = np.maximum(y, 0) if how.relu == "fast" else y
        maps.append(eq3(y) if how.normalise == "each" else y)
    if how.combine == "max":
        one = np.max(maps, axis=0)
    else:
        one = np.sum(maps, axis=0) / (len(maps) if how.normalise == "each" else 1)
    return one if how.normalise == "each" else eq3(np.maximum(one, 0))


ALL = [
    Aggregation(scales=SCALES, flip=True, combine=c, relu=r, normalise=n)
    for c, r, n in product(("mean", "max"), ("fast", "official", "coarse", "after"), ("after", "each"))
    if (r, n) != ("after", "each")
]


@pytest.mark.parametrize("how", ALL, ids=lambda how: f"{how.combine}-{how.relu}-{how.normalise}")
def test_every_order_does_what_its_words_say(how: Aggregation) -> None:
    found = aggregated(logits(), SIZE, how)
    np.testing.assert_allclose(found, by_the_words(logits(), how), atol=2e-5)
    assert found.min() >= 0 and found.max() <= 1


@given(st.sampled_from(ALL), st.integers(0, 10_000))
def test_an_image_and_its_mirror_image_aggregate_alike(how: Aggregation, seed: int) -> None:
    coarse = logits(seed)
    mirrored = {view: maps[..., ::-1] for view, maps in coarse.items()}
    np.testing.assert_allclose(aggregated(mirrored, SIZE, how), aggregated(coarse, SIZE, how)[..., ::-1], atol=1e-5)


def test_one_view_alone_is_its_own_mean_and_maximum() -> None:
    one = {"scales": (1.0,), "flip": False}
    mean, largest = (aggregated(logits(), SIZE, Aggregation(**one, combine=c)) for c in ("mean", "max"))
    np.testing.assert_array_equal(mean, largest)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="contains its ReLU"):
        Aggregation(relu="after", normalise="each")
    with pytest.raises(SettingsError, match=r"lack the views s2\b"):
        aggregated(logits(), SIZE, Aggregation(scales=(1.0, 2.0), flip=False))


@pytest.fixture(scope="module")
def cams(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return tiny_set(tmp_path_factory.mktemp("aggregation") / "cams", "cams", images=3, split="val")


@pytest.mark.parametrize("order", ["fast", "official"])
def test_what_the_evaluation_knows_too_is_equal_to_the_last_pixel(
    cams: ImageSet, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssenet.evaluate._check_network", lambda *_: None)
    monkeypatch.setattr("ssenet.evaluate._check_views", lambda *_: None)
    settings = EvaluateSettings(
        checkpoint="x", scales=SCALES, multi_scale=SCALES, flip=True, relu_order=order, images=3
    )
    dataset = open_dataset(SPEC)
    _, rows = evaluate_set(cams, builtin("demo-ssenet").card, dataset, settings)
    found = score_part(cams, Photographs(dataset, "val"), Aggregation(scales=SCALES, flip=True, relu=order), 0, 9)
    expected = counts(rows[MULTI_SCALE])
    np.testing.assert_array_equal(found.counts.truth, expected.truth)
    for name in ("predicted", "hit"):
        np.testing.assert_array_equal(getattr(found.counts, name), getattr(expected, name)[GRID])
    assert found.images == found.total == found.protocol.images == 3 and found.protocol.uses_ground_truth


def test_counts_of_parts_add_up_to_those_of_the_whole(cams: ImageSet) -> None:
    photographs, how = Photographs(open_dataset(SPEC), "val"), Aggregation(scales=SCALES, combine="max")
    whole = score_part(cams, photographs, how, 0, 3)
    parts = score_part(cams, photographs, how, 1, 5).plus(score_part(cams, photographs, how, 0, 1))
    assert parts == whole and whole.curve.best()[1] > 0
    assert AggregationCounts.model_validate_json(whole.model_dump_json()) == whole
    with pytest.raises(ValueError, match="one aggregation"):
        whole.plus(score_part(cams, photographs, Aggregation(scales=SCALES), 0, 1))
    with pytest.raises(SettingsError, match="photographs 0 to 2, not 3"):
        score_part(cams, photographs, how, 3, 1)


def test_a_set_offers_what_it_was_made_for(cams: ImageSet, tmp_path: Path) -> None:
    assert offered(cams) == Aggregation(scales=SCALES, flip=True, relu="fast")
    with pytest.raises(SettingsError, match="masks has no views"):
        offered(tiny_set(tmp_path / "masks", "masks"))
