"""Scoring a set of CAMs gives what scoring the network gives, without running it again."""

import shutil

import numpy as np
import pytest
from tiny_training import SPEC, Recorder

from ssenet.config import CamInferSettings, EvaluateSettings
from ssenet.curves import curve
from ssenet.data import open_dataset
from ssenet.errors import DatasetError, SettingsError
from ssenet.evaluate import evaluate, evaluate_set
from ssenet.inference import Network, load_network
from ssenet.sets import ImageSet, pack
from ssenet.stages import CheckpointFiles, RunSpec, run_stage
from ssenet.weights.builtin import builtin

VIEWS = {"scales": (0.5, 1.0), "flip": True}
SETTINGS = EvaluateSettings(checkpoint="demo-ssenet", images=3, multi_scale=(0.5, 1.0), **VIEWS)


@pytest.fixture(scope="module")
def cams(tmp_path_factory) -> ImageSet:
    """CAMs of three photographs."""
    found, folder = builtin("demo-ssenet"), tmp_path_factory.mktemp("cams")
    settings = CamInferSettings(checkpoint="demo-ssenet", images=3, **VIEWS)
    files = {"checkpoint": CheckpointFiles(weights=found.weights, card=found.card)}
    run = RunSpec(kind="infer_cam", settings=settings.model_dump(), dataset=SPEC, checkpoints=files, output=folder)
    run_stage(run, Recorder())
    return ImageSet(folder / "result")


def test_rows_agree_with_those_of_the_network_to_half_precision(cams, monkeypatch) -> None:
    found, dataset = builtin("demo-ssenet"), open_dataset(SPEC)
    record, expected = evaluate(load_network(found.weights, found.card), dataset, SETTINGS)
    monkeypatch.setattr(Network, "_one_scale", None)  # no forward pass from here on
    from_set, histograms = evaluate_set(cams, found.card, dataset, SETTINGS)
    rounded = {"created_at", "agreed_alpha"}
    assert from_set.model_dump(exclude=rounded) == record.model_dump(exclude=rounded)
    assert from_set.agreed_alpha == pytest.approx(record.agreed_alpha, abs=0.02)
    for name, histogram in histograms.items():
        np.testing.assert_allclose(curve(histogram).miou, curve(expected[name]).miou, atol=2e-3)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"scales": (0.25,)}, "scales"),
        ({"flip": False}, "flip"),
        ({"images": 2}, "images"),
        ({"split": "train"}, "split"),
    ],
    ids=lambda value: str(value),
)
def test_other_views_than_the_sets_are_refused_by_name(cams, change, named) -> None:
    with pytest.raises(SettingsError, match=named):
        evaluate_set(cams, builtin("demo-ssenet").card, open_dataset(SPEC), SETTINGS.model_copy(update=change))


def test_a_set_is_scored_only_as_its_own_networks_and_on_its_own_data(cams) -> None:
    card, dataset = builtin("demo-ssenet").card, open_dataset(SPEC)
    with pytest.raises(SettingsError, match="not made with Demo baseline"):
        evaluate_set(cams, builtin("demo-baseline").card, dataset, SETTINGS)
    with pytest.raises(DatasetError, match="another one"):
        evaluate_set(cams, card, open_dataset(SPEC.model_copy(update={"seed": 1})), SETTINGS)


def test_an_item_without_one_of_its_views_is_named(cams, tmp_path) -> None:
    shutil.copytree(cams.folder, tmp_path / "result")
    damaged = ImageSet(tmp_path / "result")
    kept = {name: values for name, values in damaged.arrays(damaged.ids[1]).items() if name != "s0.5-flip"}
    damaged.path(damaged.ids[1]).write_bytes(pack(kept))
    with pytest.raises(DatasetError, match=rf"{damaged.ids[1]}.*lacks 's0\.5-flip'"):
        evaluate_set(damaged, builtin("demo-ssenet").card, open_dataset(SPEC), SETTINGS)
