"""What the Inspect page exports: its files, and that its command lines give the same maps again."""

from __future__ import annotations

import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from frontend.canvas import CanvasView
from frontend.components import scene
from frontend.components.cams import Gathered
from frontend.components.comparison_link import comparison_query
from frontend.components.covered import measure
from frontend.components.inspect_bundle import bundle, commands, label_map, strip_svg
from frontend.components.inspected import Inspected
from frontend.components.truth import Place, Truth
from frontend.schemas import Checkpoint
from frontend.schemas import Image as Photograph
from ssenet.analysis.coverage import mean_map
from ssenet.bundle import contour_path, pack_bundle
from ssenet.cli import app
from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.data.images import encode_png, pixels_sha
from ssenet.inference import load_network
from ssenet.results import views_of
from ssenet.weights.builtin import DEMO, builtin_checkpoints

SCALES = (0.5, 1.0)
INDEX = 23
"""A sample with one fruit."""


@pytest.fixture(scope="module")
def inspected() -> Inspected:
    """A sample of the demo set as the page has it: logits in float16, as the service sends them."""
    dataset = open_dataset(DatasetSpec(name="demo", kind="demo"))
    sample = dataset.sample("val", INDEX)
    photograph = Photograph(
        id="1" * 32, sha=pixels_sha(sample.image), width=sample.image.shape[1], height=sample.image.shape[0],
        source="dataset", origin=f"demo/val/{INDEX}", labels=("fruit",),
    )  # fmt: skip
    assert sample.mask is not None
    truth = Truth(Place("demo", "val", INDEX), sample.mask, dataset.classes)
    found = []
    for one in builtin_checkpoints():
        if one.id in DEMO:
            raw = load_network(one.weights, one.card).coarse_logits(sample.image, views_of(SCALES, True))
            half = {view: maps.astype(np.float16).astype(np.float32) for view, maps in raw.items()}
            checkpoint = Checkpoint(id=one.id, name=one.card.name, builtin=True, card=one.card)
            found.append(Gathered(one.card.name, checkpoint, half))
    layers = [scene.layer(one, ["fruit"], given=False) for one in found]
    view = CanvasView(alpha=0.3)
    subjects = scene.subjects(found, layers, view.class_)
    rows = [measure(s, "baseline", SCALES, sample.mask.shape, truth, view.alpha) for s in subjects]
    return Inspected(photograph, found, subjects, rows, truth, SCALES, True, "predicted", view)


@pytest.fixture(scope="module")
def folder(inspected: Inspected, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    picture = open_dataset(DatasetSpec(name="demo", kind="demo")).sample("val", INDEX).image
    packed = pack_bundle(bundle(inspected, lambda: encode_png(picture), "http://lab/?image=1"))
    target = tmp_path_factory.mktemp("bundle")
    with ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(target)
    return target


def test_it_has_pictures_maps_numbers_and_labels(folder: Path) -> None:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    wanted = {
        "photograph.png",
        "strip.png",
        "strip.svg",
        "cams.npz",
        "coverage.csv",
        "ground-truth.png",
        "manifest.json",
    }
    assert wanted | {"labels/Demo-baseline.png", "labels/Demo-SSENet.png"} <= names
    said = json.loads((folder / "manifest.json").read_text())
    assert said["address"] == "http://lab/?image=1" and len(said["commands"]) == 2
    assert said["protocol"]["alpha"] == 0.3 and said["protocol"]["class"] == "fruit"
    assert said["protocol"]["source"] == f"demo/val, image {INDEX}"


def test_csv_has_the_measured_numbers(folder: Path, inspected: Inspected) -> None:
    header, *lines = (folder / "coverage.csv").read_text().splitlines()
    assert len(lines) == 2 * 3 and header.startswith("checkpoint,class,row,alpha,tp,fp,fn")
    counts = inspected.measured[0].rows["0.5"]
    assert lines[0].startswith(f"{inspected.subjects[0].title},fruit,0.5,0.3,{counts.tp},{counts.fp},{counts.fn},")


def test_label_maps_are_those_at_alpha(folder: Path, inspected: Inspected) -> None:
    with Image.open(folder / "labels" / "Demo-baseline.png") as opened:
        labels = np.asarray(opened)
    one = inspected.found[0]
    assert one.predicted() == ["fruit"]
    expected = inspected.measured[0].scores["MS"] > np.float32(0.3)
    assert np.array_equal(labels == one.checkpoint.classes.index("fruit") + 1, expected)
    assert np.array_equal(labels == 0, ~expected)


def test_labels_follow_who_says_what_is_there(inspected: Inspected) -> None:
    size = inspected.measured[0].scores["MS"].shape
    everything = replace(inspected, labels="all")
    assert len(np.unique(label_map(inspected.found[0], everything, size))) > 2
    unknown = replace(inspected, labels="given", photograph=inspected.photograph.model_copy(update={"labels": ()}))
    assert not label_map(inspected.found[0], unknown, size).any()


def test_a_network_that_was_trained_here_is_fetched_before_its_line(inspected: Inspected) -> None:
    own, other = inspected.found
    trained = replace(other, checkpoint=other.checkpoint.model_copy(update={"id": "2" * 32, "builtin": False}))
    lines = [shlex.split(line) for line in commands(replace(inspected, found=[own, trained]))]
    assert [words[0] for words in lines] == ["curl", "curl", "ssenet", "ssenet"]
    assert {words[words.index("-o") + 1] for words in lines[:2]} == {
        f"{'2' * 32}/card.json",
        f"{'2' * 32}/weights.safetensors",
    }
    assert lines[3][2] == "2" * 32


def test_lines_draw_as_the_page_does(inspected: Inspected) -> None:
    view = inspected.view.model_copy(update={"normalisation": "none", "colours": "jet", "opacity": 0.35})
    for line in commands(replace(inspected, view=view)):
        words = shlex.split(line)
        said = [words[words.index(option) + 1] for option in ("--normalisation", "--colours", "--opacity")]
        assert said == ["none", "jet", "0.35"]


def test_contours_of_the_svg_are_those_of_the_maps_that_it_shows(inspected: Inspected) -> None:
    size = inspected.measured[0].scores["MS"].shape
    shared = replace(inspected, view=inspected.view.model_copy(update={"normalisation": "shared"}))
    drawn = strip_svg(shared, np.zeros((*size, 3), np.uint8)).decode()
    maps = [
        mean_map(one.coarse, size, one.class_index, scales)
        for one in inspected.subjects
        for scales in ((0.5,), (1.0,), SCALES)
    ]
    most = max(float(one.max()) for one in maps)
    paths = re.findall('<path d="([^"]*)"', drawn)
    assert set(paths) == {contour_path(one / np.float32(most + 1e-5), 0.3) for one in maps}


def test_comparison_is_of_the_baseline_with_ssenet_whatever_their_order(inspected: Inspected) -> None:
    baseline, ssenet = inspected.found
    card = baseline.checkpoint.card.model_copy(update={"method": "classifier"})
    other = replace(baseline, label="other", checkpoint=baseline.checkpoint.model_copy(update={"card": card}))
    three = replace(
        inspected,
        found=[other, ssenet, baseline],
        subjects=[inspected.subjects[0], *reversed(inspected.subjects)],
        measured=[inspected.measured[0], *reversed(inspected.measured)],
    )
    query = comparison_query(three)
    assert query["checkpoints"] == ["Demo baseline", "Demo SSENet", "other"]
    assert (query["class"], query["alpha"]) == ("fruit", "0.3")


def test_its_command_lines_compute_the_same_maps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    lines = json.loads(Path("manifest.json").read_text())["commands"]
    with np.load("cams.npz", allow_pickle=False) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    compared = 0
    for line, label in zip(lines, ("Demo baseline", "Demo SSENet"), strict=True):
        program, *words = shlex.split(line)
        assert program == "ssenet"
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        out = Path(words[words.index("--out") + 1])
        with np.load(out / "photograph.npz", allow_pickle=False) as again:
            for view in again.files:
                np.testing.assert_allclose(again[view], kept[f"{label}/{view}"], rtol=2**-10, atol=2**-10)
                compared += 1
        assert (out / "photograph.fruit.png").is_file()
    assert compared == len(kept) == 2 * 2 * len(SCALES)
