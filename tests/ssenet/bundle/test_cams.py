"""The export of a photograph's maps: every file says what the maps say."""

from __future__ import annotations

import csv
import io
import json
import shlex
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from ssenet.bundle import MANIFEST, PHOTOGRAPH, REDRAW, Look, cam_command, cams_bundle, pack_bundle
from ssenet.bundle.cams import file_names, view_files
from ssenet.cams import Cams
from ssenet.render import normalise, overlay
from ssenet.results import CheckpointCard, View

GENERATOR = np.random.default_rng(5)
PHOTOGRAPH_PIXELS = GENERATOR.integers(0, 256, (48, 64, 3)).astype(np.uint8)
SVG = "{http://www.w3.org/2000/svg}"


def cams(**changes: Any) -> Cams:
    """Maps of three classes, one of them shown."""
    card = CheckpointCard(
        name="Tiny",
        method="ssenet",
        backbone="tf_efficientnet_lite0",
        stride=16,
        classes=("bird", "water buffalo, Asiatic", "fish"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        weights_sha256="0" * 64,
        code_version="0",
    )
    coarse = {View(scale=s): GENERATOR.normal(size=(3, round(3 * s), round(4 * s))).astype(np.float32) for s in (1, 2)}
    given: dict[str, Any] = {"photograph": PHOTOGRAPH_PIXELS, "sha": "a" * 64, "coarse": coarse, "card": card}
    return Cams(**({**given, "shown": ("water buffalo, Asiatic", "fish")} | changes))


def test_raw_maps_scores_and_photograph_are_those_of_the_result() -> None:
    one = cams()
    made = cams_bundle({"demo": one}, Look(), stem="view", address="http://h/?image=a")
    with np.load(io.BytesIO(made.files["cams.npz"]), allow_pickle=False) as arrays:
        assert set(arrays.files) == {"s1", "s2"}
        for view, maps in one.coarse.items():
            np.testing.assert_array_equal(arrays[view.name], maps.astype(np.float16))
    rows = list(csv.DictReader(io.StringIO(made.files["scores.csv"].decode())))
    assert {row["class"]: float(row["score"]) for row in rows} == pytest.approx(one.scores)
    assert {row["class"] for row in rows if row["shown"] == "True"} == set(one.shown)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(made.files[PHOTOGRAPH]))), PHOTOGRAPH_PIXELS)


def test_pictures_and_labels_are_drawn_at_alpha() -> None:
    one, look = cams(), Look(alpha=0.4, colours="viridis", opacity=0.5)
    files = view_files(one, look)
    score = one.maps(["fish"])[0]
    drawn = np.asarray(Image.open(io.BytesIO(files["overlay-fish.png"])))
    np.testing.assert_array_equal(drawn, overlay(PHOTOGRAPH_PIXELS, score, colours="viridis", opacity=0.5, alpha=0.4))
    labels = np.asarray(Image.open(io.BytesIO(files["labels.png"])))
    both = one.maps(one.shown)  # of classes 2 and 3 of the mask: the network's second and third
    expected = np.where(both.max(axis=0) > np.float32(0.4), np.where(both[0] >= both[1], 2, 3), 0)
    np.testing.assert_array_equal(labels, expected)
    assert files["labels.csv"].decode().splitlines() == [
        "label,class",
        "0,background",
        '2,"water buffalo, Asiatic"',
        "3,fish",
    ]


def test_a_strip_has_every_scale_and_all_together() -> None:
    root = ElementTree.fromstring(view_files(cams(), Look())["strip-water-buffalo-Asiatic.svg"])
    words = [text.text for text in root.findall(f".//{SVG}text")]
    assert words[1:5] == ["photograph", "scale 1", "scale 2", "multi-scale"] and "α 0.2" in str(words[-1])
    assert len(root.findall(f".//{SVG}g")) == 3


def test_a_shared_scale_divides_all_pictures_of_a_strip_by_one_maximum() -> None:
    one = cams(
        coarse={View(scale=1): np.full((3, 3, 4), 1.0, np.float32), View(scale=2): np.full((3, 6, 8), 4.0, np.float32)}
    )
    strip = view_files(one, Look(normalisation="shared", alpha=0.5))["strip-fish.svg"]
    # 0.25, 1 and (1 + 4) / 2 / 4 = 0.625 of the maximum: the first scale has no contour
    assert len(ElementTree.fromstring(strip).findall(f".//{SVG}g")) == 2


def test_the_sum_over_all_views_is_their_mean() -> None:
    one = cams()
    both = (one.maps(["fish"], 1, "none") + one.maps(["fish"], 2, "none")) / 2
    np.testing.assert_allclose(one.maps(["fish"], None, "none"), both, rtol=1e-5)
    np.testing.assert_allclose(one.maps(["fish"]), normalise(both), atol=1e-5)
    with pytest.raises(KeyError):
        one.maps(["cat"])
    with pytest.raises(ValueError, match="no view"):
        one.maps(["fish"], 0.25)


def test_the_command_line_says_everything_that_the_files_depend_on() -> None:
    line = shlex.split(cam_command("a run", cams(label_source="given"), Look(alpha=0.25, normalisation="minmax")))
    assert line[:4] == ["ssenet", "cam", "a run", PHOTOGRAPH]
    assert line[line.index("--scales") + 1] == "1,2" and "--no-flip" in line
    assert [line[i + 1] for i, word in enumerate(line) if word == "--class"] == ["water buffalo, Asiatic", "fish"]
    assert line[line.index("--alpha") + 1] == "0.25" and line[line.index("--normalisation") + 1] == "minmax"
    assert "--labels" not in line
    assert "--labels" in shlex.split(cam_command("x", cams(), Look()))


def test_several_networks_have_folders_and_one_photograph() -> None:
    one = cams()
    made = cams_bundle({"a b": one, "a-b": replace(one, shown=("fish",))}, Look(), stem="view")
    folders = {name.split("/")[0] for name in made.files if "/" in name}
    assert folders == {"a-b", "a-b-1"} and PHOTOGRAPH in made.files and len(made.commands) == 2
    assert len(made.protocol["networks"]) == 2 and made.protocol["classes_shown"] == list(one.shown)
    with ZipFile(io.BytesIO(pack_bundle(made))) as archive:
        assert 'with np.load("a-b-1/cams.npz"' in archive.read(REDRAW).decode().replace("'", '"')
        assert json.loads(archive.read(MANIFEST))["commands"] == list(made.commands)
    with pytest.raises(ValueError, match="one photograph"):
        cams_bundle({"a": one, "b": replace(one, sha="b" * 64)}, Look(), stem="view")


def test_a_photograph_outside_the_classes_shows_the_best_guess_and_no_labels() -> None:
    one = cams(shown=())
    files = view_files(one, Look())
    best = file_names([next(iter(one.scores))])
    assert [name for name in files if name.startswith("strip-")] == [f"strip-{safe}.svg" for safe in best.values()]
    assert not np.asarray(Image.open(io.BytesIO(files["labels.png"]))).any()


def test_files_of_different_names_do_not_meet() -> None:
    assert file_names(["a/b", "a b", "α", "β"]) == {"a/b": "a-b", "a b": "a-b-1", "α": "unnamed", "β": "unnamed-3"}
