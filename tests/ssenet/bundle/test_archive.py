"""The zip of an export: equal bundles are equal bytes, and its manifest says true things."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

import ssenet
from ssenet.bundle import (
    MANIFEST,
    PLOTLY_JS,
    README,
    REDRAW,
    Bundle,
    command,
    csv_text,
    figure_html,
    npz16,
    pack_bundle,
    palette_png,
    png,
)
from ssenet.data.images import voc_palette
from ssenet.render import normalise, overlay, upsample

GENERATOR = np.random.default_rng(3)
LOGITS = GENERATOR.normal(size=(3, 5, 6)).astype(np.float32)
PHOTOGRAPH = GENERATOR.integers(0, 256, (50, 60, 3)).astype(np.uint8)


def bundle(**changes: Any) -> Bundle:
    """A bundle with a bit of everything."""
    files = {
        "photograph.png": png(PHOTOGRAPH),
        "cams.npz": npz16({"net/s1": LOGITS, "net/s0.5": LOGITS[:, :3, :3]}),
        "numbers.csv": csv_text(["class", "score"], [["cat", 0.25]]),
        "fig.html": figure_html(go.Figure(go.Scatter(x=[0, 1], y=[1, 2])), "A < B"),
    }
    given: dict[str, Any] = {
        "stem": "inspect",
        "files": files,
        "commands": (command("ssenet", "cam", "my run's folder", "photograph.png"),),
        "address": "http://127.0.0.1/?image=a",
        "protocol": {"classes": ["cat", "dog", "bird"], "class": "dog", "alpha": 0.3},
    }
    return Bundle(**(given | changes))


def opened(data: bytes) -> dict[str, bytes]:
    """Names and contents."""
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_equal_bundles_are_equal_bytes_whenever_they_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack_bundle(bundle())
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    again = bundle()
    assert pack_bundle(Bundle(again.stem, dict(reversed(again.files.items())), again.commands, again.address,
                              again.protocol)) == first  # fmt: skip
    assert pack_bundle(bundle(notes="different")) != first


def test_the_manifest_is_last_and_names_every_file_with_its_hash() -> None:
    files = opened(pack_bundle(bundle()))
    assert list(files)[-1] == MANIFEST and list(files)[:-1] == sorted(list(files)[:-1])
    said = json.loads(files.pop(MANIFEST))
    assert {entry["name"]: (entry["bytes"], entry["sha256"]) for entry in said["files"]} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }
    assert said["address"] == "http://127.0.0.1/?image=a" and said["protocol"]["class"] == "dog"
    assert set(said["versions"]) == {"ssenet-lab", "cam", "python", "numpy"}
    assert said["versions"]["ssenet-lab"] == ssenet.__version__
    assert said["notebook"] == files[REDRAW].decode()
    assert said["commands"][0] in files[README].decode()


def test_a_command_line_survives_the_shell() -> None:
    words = ["ssenet", "cam", "a folder; rm -rf x", "it's", "--alpha", 0.2]
    assert shlex.split(command(*words)) == [str(word) for word in words]


def test_figures_share_one_script_and_ask_nobody() -> None:
    both = bundle(files={"a.html": figure_html(go.Figure()), "b.html": figure_html(go.Figure())})
    files = opened(pack_bundle(both))
    assert sorted(files) == sorted(["a.html", "b.html", PLOTLY_JS, README, MANIFEST])
    for name in ("a.html", "b.html"):
        page = files[name].decode()
        assert f'src="{PLOTLY_JS}"' in page and 'src="http' not in page and len(page) < 50_000
    assert b"plotly" in files[PLOTLY_JS][:500]
    assert PLOTLY_JS not in opened(pack_bundle(bundle(files={"a.csv": b"x\n"})))


def test_the_snippet_redraws_the_first_map(tmp_path: Path) -> None:
    with ZipFile(io.BytesIO(pack_bundle(bundle()))) as archive:
        archive.extractall(tmp_path)
    subprocess.run([sys.executable, REDRAW], cwd=tmp_path, check=True, timeout=60)
    smaller = LOGITS[1:2, :3, :3].astype(np.float16).astype(np.float32)  # "net/s0.5" is the first by name, "dog" 1
    score = normalise(np.maximum(upsample(smaller, (50, 60)), 0))[0]
    drawn = np.asarray(Image.open(tmp_path / "redrawn.png"))
    np.testing.assert_array_equal(drawn, overlay(PHOTOGRAPH, score, alpha=0.3))


def test_the_snippet_takes_the_highest_class_and_white_where_the_bundle_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "maps.npz").write_bytes(npz16({"s1": LOGITS}))
    made = bundle(files={"maps.npz": (tmp_path / "maps.npz").read_bytes()}, protocol={"class": 'x"\nimport os'})
    script = opened(pack_bundle(made))[REDRAW].decode()
    assert "import os" not in script, "a name cannot become code"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60)
    best = int(LOGITS.astype(np.float16).astype(np.float32).mean(axis=(1, 2)).argmax())
    score = normalise(np.maximum(upsample(LOGITS.astype(np.float16)[best : best + 1], (80, 96)), 0))[0]
    expected = overlay(np.full((80, 96, 3), 255, np.uint8), score, alpha=0.2)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "redrawn.png")), expected)


def test_the_classes_of_another_network_choose_no_map() -> None:
    many = bundle(protocol={"classes": [f"class {k}" for k in range(1000)], "class": "class 340"})
    script = opened(pack_bundle(many))[REDRAW].decode()
    assert "340" not in script and "argmax" in script


def test_without_maps_there_is_no_snippet() -> None:
    files = opened(pack_bundle(bundle(files={"a.csv": b"x\n", "counts.npz": npz16({"n": np.arange(4)})})))
    assert REDRAW not in files and json.loads(files[MANIFEST])["notebook"] is None


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a//b.csv", ".hidden", "a\\b", MANIFEST, "figures/a.html", ""])
def test_a_name_that_could_do_harm_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"file|itself|beside"):
        pack_bundle(bundle(files={name: b"x"}))


@pytest.mark.parametrize(
    "changes", [{"stem": "a/b"}, {"commands": ("ssenet 'cam",)}, {"commands": ("",)}, {"protocol": {"a": float("nan")}}]
)
def test_what_a_manifest_cannot_say_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        pack_bundle(bundle(**changes))


# Contents ------------------------------------------------------------------------------------------
def test_raw_maps_are_halves_without_pickle_and_do_not_overflow_silently() -> None:
    data = npz16({"b": LOGITS, "a": np.arange(3), "inf": np.array([np.inf], np.float32)})
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert arrays.files == ["a", "b", "inf"] and arrays["a"].dtype == np.int64
        np.testing.assert_array_equal(arrays["b"], LOGITS.astype(np.float16))
    with pytest.raises(ValueError, match="65504"):
        npz16({"a": np.array([70000.0])})
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        npz16({"a": np.array([{}], dtype=object)})


def test_a_table_leaves_undefined_cells_empty() -> None:
    text = csv_text(["name", "value"], [["a, b", 0.1 + 0.2], ["c", float("nan")], ["d", None], ["e", np.float32(0.5)]])
    assert text == b'name,value\n"a, b",0.3\nc,\nd,\ne,0.5\n'
    with pytest.raises(ValueError, match="1 cells under 2"):
        csv_text(["a", "b"], [["x"]])


def test_label_maps_are_indexed_in_the_colours_of_voc() -> None:
    mask = np.array([[0, 1, 255], [20, 2, 0]], np.uint8)
    image = Image.open(io.BytesIO(palette_png(mask)))
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), mask)
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), voc_palette()[mask])
    with pytest.raises(ValueError, match="uint8"):
        palette_png(mask.astype(np.int64))
